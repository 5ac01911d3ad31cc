import { fencedBlocks, type FencedBlock } from "../markdown/fenced-blocks.ts";

/** What a reader of a tutorial does, in order. */
export type TutorialStep =
  | { readonly kind: "file"; readonly line: number; readonly path: string; readonly text: string }
  | {
      readonly kind: "commands";
      readonly line: number;
      readonly text: string;
      readonly exitCode: number;
      /** What the page says that they print; undefined: nothing is shown. */
      readonly output: TutorialOutput | undefined;
    }
  /** Commands of another terminal, which go on until the page ends. */
  | {
      readonly kind: "server";
      readonly line: number;
      readonly text: string;
      /** What they print when they are ready. */
      readonly ready: string;
    }
  /** What needs more than a laptop, and why. */
  | { readonly kind: "left-out"; readonly line: number; readonly reason: string };

export interface TutorialOutput {
  readonly line: number;
  readonly text: string;
  /** Whether all numbers may be others. */
  readonly numbersVary: boolean;
}

/**
 * The steps of a page. `sh` blocks are commands; a block without a language directly after one is what they print; a block with
 * `title=PATH` is a file that the reader writes. Notes are HTML comments before a block: `exit: 5` of commands that end so,
 * `varies: numbers` of an output, `stays: TEXT` of commands that go on once they have printed that, `not run: WHY` of a block of any
 * kind that needs what a laptop does not have.
 *
 * @throws an Error that names the page's line if a block is none of these: nothing on the page may go unchecked.
 */
export function tutorialSteps(markdown: string): TutorialStep[] {
  const steps: TutorialStep[] = [];
  const blocks = fencedBlocks(markdown);
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at] as FencedBlock;
    const reason = noted(block, "not run");
    if (reason !== undefined) {
      if (reason.trim() === "")
        throw new Error(`line ${block.line}: not run, and it is not said why`);
      steps.push({ kind: "left-out", line: block.line, reason });
      continue;
    }
    const path = /(?:^|\s)title=(\S+)/.exec(block.info)?.[1];
    if (path !== undefined) {
      steps.push({ kind: "file", line: block.line, path, text: block.text });
      continue;
    }
    if (block.language !== "sh")
      throw new Error(
        `line ${block.line}: a block that is neither commands (sh), their output, nor a file (title=PATH)`,
      );
    const ready = noted(block, "stays");
    if (ready !== undefined) {
      steps.push({ kind: "server", line: block.line, text: block.text, ready });
      continue;
    }
    const next = blocks[at + 1];
    const shown = next?.language === "" ? next : undefined;
    if (shown !== undefined) at++;
    steps.push({
      kind: "commands",
      line: block.line,
      text: block.text,
      exitCode: Number(noted(block, "exit") ?? 0),
      output: shown && {
        line: shown.line,
        text: shown.text,
        numbersVary: noted(shown, "varies") === "numbers",
      },
    });
  }
  return steps;
}

const NOTES: readonly string[] = ["exit", "varies", "stays", "not run"];

function noted({ notes, line }: FencedBlock, name: string): string | undefined {
  for (const note of notes) {
    const [key, value] = note.split(/:\s*/, 2);
    if (key === name) return value ?? "";
    if (!NOTES.includes(key ?? ""))
      throw new Error(`line ${line}: a note that nobody reads: ${note}`);
  }
  return undefined;
}
