import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { Screen } from "./screen.ts";

const CHILD = fileURLToPath(new URL("../../dist/terminal/child.js", import.meta.url));

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalRun {
  readonly exitCode: number;
  /** What was written, escape sequences and all. */
  readonly raw: string;
  readonly screen: Screen;
}

/** Whether util-linux's `script`, which lends a terminal to a program, is here. */
export async function hasTerminals(): Promise<boolean> {
  const { exitCode, stdout } = await execa("script", ["--version"], { reject: false });
  return exitCode === 0 && stdout.includes("util-linux");
}

/**
 * Runs Node in a terminal of that size as a user does at theirs: its input and outputs are the terminal's, and what a
 * terminal would show of it is in `screen`. `onScreen` sees every change.
 */
export async function runInTerminal(
  args: readonly string[],
  { columns, rows }: TerminalSize,
  env: Readonly<Record<string, string | undefined>>,
  onScreen: (screen: Screen) => void = () => {},
): Promise<TerminalRun> {
  const screen = new Screen(columns, rows);
  // `script` takes a line for a shell: always this one, and what differs is in the environment.
  const line =
    'stty cols "$TERMINAL_COLUMNS" rows "$TERMINAL_ROWS" && exec "$TERMINAL_NODE" "$TERMINAL_CHILD"';
  const child = execa(
    "script",
    ["--quiet", "--return", "--flush", "--command", line, "/dev/null"],
    {
      reject: false,
      // `script` ends with its input.
      stdin: "pipe",
      buffer: false,
      encoding: "buffer",
      extendEnv: false,
      env: {
        ...env,
        SHELL: "/bin/sh",
        TERM: "xterm-256color",
        TERMINAL_COLUMNS: String(columns),
        TERMINAL_ROWS: String(rows),
        TERMINAL_NODE: process.execPath,
        TERMINAL_CHILD: CHILD,
        TERMINAL_ARGS: JSON.stringify(args),
      },
    },
  );
  const parts: Buffer[] = [];
  for await (const part of child.stdout as AsyncIterable<Buffer>) {
    parts.push(part);
    await screen.write(part);
    onScreen(screen);
  }
  const { exitCode } = await child;
  return { exitCode: exitCode ?? -1, raw: Buffer.concat(parts).toString(), screen };
}
