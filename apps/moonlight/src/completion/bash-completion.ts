import type { CompletionNode } from "./command-tree.ts";

/** A script for bash 4 and later. Free values and arguments are file names. */
export function bashCompletion(nodes: readonly CompletionNode[]): string {
  const children = nodes.filter(({ path }) => path.includes(" ")).map(({ path }) => `"${path}"`);
  const values = nodes.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(
        ({ flag, choices }) =>
          `    "${path}|${flag}") ${choices.length === 0 ? "return" : `words='${choices.join(" ")}'`} ;;`,
      ),
  );
  const words = nodes.map(({ path, commands, options }) => {
    const names = commands.map(({ name }) => name).join(" ");
    return `      "${path}") commands='${names}' options='${options.map(({ flag }) => flag).join(" ")}' ;;`;
  });
  return `# bash completion of moonlight; made by: moonlight completion bash
_moonlight() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}"
  local path="moonlight" words="" commands="" options="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
      ${children.join("|")}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  # --flag=value comes as three words
  if [[ $prev == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  if [[ $cur == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD - 1]}"; cur=""; fi
  case "$path|$prev" in
${values.join("\n")}
  esac
  if [[ -z $words ]]; then
    case "$path" in
${words.join("\n")}
    esac
    if [[ $cur == -* ]]; then words="$options"; else words="$commands"; fi
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -o bashdefault -F _moonlight moonlight
`;
}
