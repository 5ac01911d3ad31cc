import type { Command } from "commander";
import type { MoonlightError, MoonlightEvent } from "@moonlight-rl/core";
import type { JsonObject } from "../artifact/artifact.ts";
import { errorOf } from "../runner/error-event.ts";
import { createEventView } from "./event-view.ts";
import { processIo, type CliIo } from "./io.ts";

/** What the commands of one process share; `runCli` makes it. */
export interface CliSession {
  readonly io: CliIo;
  /** Fires at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Whether a summary line was written to standard output. */
  summarised: boolean;
}

const sessions = new WeakMap<Command, CliSession>();

export function setCliSession(program: Command, session: CliSession): void {
  sessions.set(program, session);
}

/** The session of the program that a command belongs to. */
export function cliSession(command: Command): CliSession {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return (
    sessions.get(root) ?? {
      io: processIo(),
      signal: new AbortController().signal,
      summarised: false,
    }
  );
}

export interface Presentation<R> {
  /** Print events and a summary as NDJSON on standard output. */
  readonly json: boolean;
  readonly work: (onEvent: (event: MoonlightEvent) => void, signal: AbortSignal) => Promise<R>;
  /** Fields of the summary line, beside `type` and `status`. */
  readonly summary: (result: R) => JsonObject;
  /** The result for people, on standard output. */
  readonly text: (result: R) => string;
  /** What is wrong with the result: told after it, and thrown for its exit code. */
  readonly verdict?: (result: R) => MoonlightError | undefined;
}

/**
 * Runs a command's work with its events shown: for people (live or as lines, on standard error, the result on
 * standard output) or as NDJSON whose last line is `{"type": "summary", "status": "ok", …}`.
 * When it throws, `runCli` writes the error and, with `--json`, a summary with `"status": "failed"`.
 */
export async function present<R>(command: Command, presentation: Presentation<R>): Promise<R> {
  const session = cliSession(command);
  const { io, signal } = session;
  if (presentation.json) {
    const result = await presentation.work((event) => writeLine(io, event), signal);
    const error = presentation.verdict?.(result);
    const status =
      error === undefined
        ? { status: "ok" }
        : { status: "failed", exitCode: error.exitCode, error: errorOf(error) };
    writeLine(io, { type: "summary", ...status, ...presentation.summary(result) });
    session.summarised = true;
    if (error !== undefined) throw error;
    return result;
  }
  const view = createEventView(io);
  try {
    const result = await presentation.work((event) => view.handle(event), signal);
    view.close();
    io.stdout.write(`${presentation.text(result)}\n`);
    const error = presentation.verdict?.(result);
    if (error !== undefined) throw error;
    return result;
  } finally {
    view.close();
  }
}

export function writeLine(io: CliIo, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value)}\n`);
}
