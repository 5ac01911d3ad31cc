import { loadProgram } from "../program.ts";
import { bashCompletion } from "./bash-completion.ts";
import { commandTree } from "./command-tree.ts";
import { fishCompletion } from "./fish-completion.ts";
import { zshCompletion } from "./zsh-completion.ts";

const WRITERS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** The completion script of the whole program for a shell. */
export async function completionScript(shell: keyof typeof WRITERS): Promise<string> {
  return WRITERS[shell](commandTree(await loadProgram("")));
}
