import { MoonlightError, PreflightError, throwIfAborted, type Emit } from "@moonlight-rl/core";
import { endTree } from "./process-tree.ts";
import type { Exec, ExecOptions, ExecResult } from "../stage/context.ts";

export interface ExecContext {
  readonly cwd: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** How long a child may take to end after SIGTERM before it is killed. */
const GRACE_MS = 5_000;

/** Makes the `exec` of one stage. */
export function createExec(context: ExecContext): Exec {
  return async (command, args = [], options = {}) => {
    throwIfAborted(context.signal);
    const line = [command, ...args].join(" ");
    // Before it starts: whatever happens then, the record says what was tried.
    context.emit({ type: "log", message: `exec: ${line}`, data: { command, args: [...args] } });
    const started = performance.now();
    const result = await runChild(command, args, options, context);
    const seconds = Math.round(performance.now() - started) / 1000;
    context.emit({
      type: "log",
      message: `exec: ${command} ended with exit code ${result.exitCode}`,
      data: { command, exitCode: result.exitCode, seconds },
    });
    if (result.exitCode === 0 || options.reject === false) return result;
    throw new MoonlightError(
      "COMMAND_FAILED",
      `${command} ended with exit code ${result.exitCode}: ${lastLine(result)}`,
      { cause: result },
    );
  };
}

async function runChild(
  command: string,
  args: readonly string[],
  options: ExecOptions,
  context: ExecContext,
): Promise<ExecResult> {
  // Loaded when needed: most stages start no program, and a cached run must start fast.
  const { execa } = await import("execa");
  const own = options.signal;
  const signal = own === undefined ? context.signal : AbortSignal.any([context.signal, own]);
  throwIfAborted(signal);
  const child = execa(command, args, {
    cwd: options.cwd ?? context.cwd,
    env: options.env ?? {},
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    cleanup: true,
    reject: false,
    ...(options.keepOutput === false ? { buffer: false as const } : {}),
  });
  let ending: Promise<void> | undefined;
  const stop = (): void => {
    const tree = { pid: child.pid, ended: child, terminate: () => child.kill("SIGTERM") };
    ending = endTree(tree, GRACE_MS);
  };
  signal.addEventListener("abort", stop, { once: true });
  const { onLine } = options;
  const readers =
    onLine === undefined
      ? []
      : (["stdout", "stderr"] as const).map(async (stream) => {
          for await (const line of child.iterable({ from: stream })) onLine(line, stream);
        });
  const [result] = await Promise.all([child, ...readers]);
  signal.removeEventListener("abort", stop);
  await ending;
  throwIfAborted(signal);
  const code = (result as { readonly code?: string }).code;
  if (code === "ENOENT") {
    throw new PreflightError("COMMAND_NOT_FOUND", `Cannot start ${command}: it is not installed.`, {
      hint: `Install ${command} or put it on the PATH.`,
      cause: result,
    });
  }
  if (result.exitCode === undefined) {
    throw new MoonlightError(
      "COMMAND_FAILED",
      `${command} was ended by ${result.signal ?? "an error"}: ${result.shortMessage ?? ""}`,
      { cause: result },
    );
  }
  return { stdout: result.stdout ?? "", stderr: result.stderr ?? "", exitCode: result.exitCode };
}

function lastLine({ stdout, stderr }: ExecResult): string {
  const text = stderr.trim() === "" ? stdout : stderr;
  return text.trim().split("\n").at(-1) ?? "";
}
