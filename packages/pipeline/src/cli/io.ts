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
