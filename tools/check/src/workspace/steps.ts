import { execa } from "execa";
import type { Verdict } from "../gate.ts";

export type Step = readonly [what: string, run: () => Promise<void>];

/** Steps that build on each other: the first that fails is told, with what it wrote, and ends them. */
export async function runSteps(steps: Iterable<Step>): Promise<Verdict> {
  let passed = 0;
  for (const [what, run] of steps) {
    try {
      await run();
      passed++;
    } catch (error) {
      return { passed, failures: [`${what}: ${said(error)}`] };
    }
  }
  return { passed, failures: [] };
}

/** How task runners are started: nothing stays behind, nothing is told, and Nx has its plugins in its own process (half its start). */
export const TOOL_ENV: Readonly<Record<string, string>> = {
  NO_COLOR: "1",
  NX_DAEMON: "false",
  NX_ISOLATE_PLUGINS: "false",
  TURBO_TELEMETRY_DISABLED: "1",
};

/** A program in a folder, with that folder's own commands first; its output, or an error with all that it wrote. */
export async function runIn(
  cwd: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await execa(file, args, {
    cwd,
    env: { ...TOOL_ENV, ...env },
    preferLocal: true,
    localDir: cwd,
    stdin: "ignore",
    timeout: 600_000,
    maxBuffer: 1 << 27,
  });
  return stdout;
}

/** What a failed program wrote, the end of it. */
export function said(error: unknown): string {
  const { stderr, stdout, message } = error as {
    stderr?: string;
    stdout?: string;
    message?: string;
  };
  return `${message?.split("\n", 1)[0] ?? String(error)}\n${stdout ?? ""}\n${stderr ?? ""}`
    .trim()
    .slice(-3000);
}
