import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  isMoonlightError,
  PreflightError,
  TemporaryError,
  throwIfAborted,
} from "@moonlight-rl/core";
import type { Emit, MoonlightError } from "@moonlight-rl/core";
import type { StageContext } from "@moonlight-rl/pipeline";

/** Lines of the server's output that an error shows. */
const TAIL = 20;
const POLL_MS = 250;

export interface ServerOptions {
  /** Program and first arguments, without host, port and model. */
  readonly command: readonly [string, ...string[]];
  /** Arguments by the port that was found. */
  readonly args: (port: number) => readonly string[];
  /** Until it says that it is healthy. */
  readonly deadlineMs: number;
}

/** A server that was started for this evaluation. */
export interface ManagedServer {
  readonly url: string;
  /** Why it is not there any more; undefined while it runs. */
  failure(): MoonlightError | undefined;
  /** Ends it and all that it started. */
  close(): Promise<void>;
}

/**
 * Starts a server on a free port of the loopback and waits until `/health` answers 200. Errors: `EVAL_SERVER_FAILED` with the end of
 * its log, `EVAL_SERVER_LATE` at the deadline, `COMMAND_NOT_FOUND`; in each case nothing of it is left.
 */
export async function startServer(
  { command: [program, ...first], args, deadlineMs }: ServerOptions,
  { exec, emit, signal }: Pick<StageContext, "exec" | "emit" | "signal">,
): Promise<ManagedServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const tail: string[] = [];
  const stop = new AbortController();
  let failure: MoonlightError | undefined;
  const ended = exec(program, [...first, ...args(port)], {
    signal: stop.signal,
    keepOutput: false,
    reject: false,
    onLine: (line) => {
      tail.push(line);
      if (tail.length > TAIL) tail.shift();
    },
  }).then(
    ({ exitCode }) => {
      failure = serverError(`The server ended with exit code ${exitCode}`, tail);
      return;
    },
    (error: unknown) => {
      if (stop.signal.aborted) return;
      const known = isMoonlightError(error) && error.code === "COMMAND_NOT_FOUND";
      failure = known ? error : serverError(`The server ended: ${String(error)}`, tail);
    },
  );
  const close = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  try {
    await waitUntilHealthy(url, { deadlineMs, emit, signal, failure: () => failure, tail });
  } catch (error) {
    await close();
    throw error;
  }
  return { url, failure: () => failure, close };
}

async function waitUntilHealthy(
  url: string,
  {
    deadlineMs,
    emit,
    signal,
    failure,
    tail,
  }: {
    readonly deadlineMs: number;
    readonly emit: Emit;
    readonly signal: AbortSignal;
    readonly failure: () => MoonlightError | undefined;
    readonly tail: readonly string[];
  },
): Promise<void> {
  emit({ type: "log", message: `waiting for the server at ${url}` });
  const started = performance.now();
  for (;;) {
    throwIfAborted(signal);
    const error = failure();
    if (error !== undefined) throw error;
    if (await isHealthy(url)) break;
    if (performance.now() - started > deadlineMs) {
      throw new TemporaryError(
        "EVAL_SERVER_LATE",
        `The server is not healthy after ${deadlineMs / 1000} seconds. ${lastWords(tail)}`,
        { field: "serverTimeout", hint: "Loading may take long: raise --server-timeout." },
      );
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  emit({ type: "log", message: `the server is healthy after ${seconds} s` });
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(20_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

function serverError(what: string, tail: readonly string[]): PreflightError {
  return new PreflightError("EVAL_SERVER_FAILED", `${what}. ${lastWords(tail)}`, {
    field: "engine",
    hint: "Its own words say why; arguments of its own go to --server-args.",
  });
}

function lastWords(tail: readonly string[]): string {
  return tail.length === 0 ? "It wrote nothing." : `It wrote at last:\n${tail.join("\n")}`;
}

/** Free a moment ago; nobody else is expected to take it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
