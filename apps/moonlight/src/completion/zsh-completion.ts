import type { CompletionNode } from "./command-tree.ts";

/** A script for zsh; put it into a folder of \`fpath\` as \`_moonlight\`, or source it after \`compinit\`. */
export function zshCompletion(nodes: readonly CompletionNode[]): string {
  const children = nodes.filter(({ path }) => path.includes(" ")).map(({ path }) => `"${path}"`);
  const values = nodes.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(
        ({ flag, choices }) =>
          `    "${path}|${flag}") ${choices.length === 0 ? "_files" : `compadd -- ${choices.join(" ")}`}; return ;;`,
      ),
  );
  const words = nodes.map(({ path, commands, options }) => {
    const named = (name: string, description: string): string =>
      quote(`${name.replaceAll(":", "\\:")}:${description}`);
    const list = (items: readonly string[]): string => `(${items.join(" ")})`;
    return `    "${path}")
      commands=${list(commands.map(({ name, description }) => named(name, description)))}
      options=${list(options.map(({ flag, description }) => named(flag, description)))} ;;`;
  });
  return `#compdef moonlight
# zsh completion of moonlight; made by: moonlight completion zsh
_moonlight() {
  local path_="moonlight" prev="\${words[CURRENT - 1]}" i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case "$path_ \${words[i]}" in
      ${children.join("|")}) path_="$path_ \${words[i]}" ;;
    esac
  done
  case "$path_|$prev" in
${values.join("\n")}
  esac
  case "$path_" in
${words.join("\n")}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -o option options
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == "_moonlight" ]]; then _moonlight "$@"; else compdef _moonlight moonlight; fi
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
