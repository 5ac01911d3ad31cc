import picocolors from "picocolors";
import type { Colors } from "picocolors/types.js";

/** Where a command writes; the process's own streams, or a test's. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Tells of "resize" on terminals. */
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}

/** What a text for people may know of where it is shown. */
export interface TextScreen {
  /** Columns; undefined where there is no terminal. */
  readonly columns: number | undefined;
  /** Do nothing where colours are not wanted. */
  readonly colors: Colors;
}

export interface CliIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function processIo(): CliIo {
  return { stdout: process.stdout, stderr: process.stderr, env: process.env };
}

/** Colour only on a terminal that wants it; NO_COLOR and FORCE_COLOR decide otherwise. */
export function wantsColor(stream: OutputStream, env: CliIo["env"]): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] && env["FORCE_COLOR"] !== "0") return true;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** A screen that can be redrawn: a terminal, not a CI log. */
export function isLive(stream: OutputStream, env: CliIo["env"]): boolean {
  return stream.isTTY === true && env["TERM"] !== "dumb" && !env["CI"];
}

/** The screen behind standard output, where results are written. */
export function resultScreen({ stdout, env }: CliIo): TextScreen {
  return {
    columns: stdout.columns,
    colors: picocolors.createColors(wantsColor(stdout, env)),
  };
}

/** No terminal and no colours: what a file gets. */
export const PLAIN_SCREEN: TextScreen = {
  columns: undefined,
  colors: picocolors.createColors(false),
};
