import type { CompletionNode } from "./command-tree.ts";

/** A script for fish; put it into \`~/.config/fish/completions/moonlight.fish\`. */
export function fishCompletion(nodes: readonly CompletionNode[]): string {
  const children = nodes.filter(({ path }) => path.includes(" ")).map(({ path }) => quote(path));
  const lines = nodes.flatMap(({ path, commands, options }) => {
    const at = `complete -c moonlight -n ${quote(`__moonlight_at ${quote(path)}`)}`;
    return [
      ...(commands.length > 0 ? [`${at} -f`] : []),
      ...commands.map(
        ({ name, description }) => `${at} -a ${quote(name)} -d ${quote(description)}`,
      ),
      ...options.map(({ flag, description, takesValue, choices }) => {
        const value = !takesValue
          ? ""
          : choices.length === 0
            ? " -r -F"
            : ` -x -a ${quote(choices.join(" "))}`;
        return `${at} -l ${flag.slice(2)}${value} -d ${quote(description)}`;
      }),
    ];
  });
  return `# fish completion of moonlight; made by: moonlight completion fish
function __moonlight_at
    set -l path moonlight
    for word in (commandline -opc)[2..]
        if contains -- "$path $word" ${children.join(" ")}
            set path "$path $word"
        end
    end
    test "$path" = "$argv[1]"
end
complete -c moonlight -e
${lines.join("\n")}
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
