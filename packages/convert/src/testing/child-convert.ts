import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../bin/moonlight-convert.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it printed with `--json`. */
  readonly lines: readonly Record<string, unknown>[];
}

export interface ChildOptions {
  /** Programs before Node. */
  readonly wrap?: readonly string[];
  /** Node's own. */
  readonly flags?: readonly string[];
  /** Kills it so long after its work has begun. */
  readonly killAfterMs?: number;
}

/** The command in a process of its own. */
export async function runConvert(
  workspace: string,
  args: readonly string[],
  { wrap = [], flags = [], killAfterMs }: ChildOptions = {},
): Promise<Ended> {
  const [program, ...rest] = [...wrap, process.execPath, ...flags, BIN];
  const child = spawn(program, [...rest, ...args, "--workspace", workspace, "--json"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  let timer: Promise<unknown> | undefined;
  child.stdout.on("data", (data: Buffer) => {
    text += data.toString();
    // The clock starts with the work.
    if (killAfterMs !== undefined && timer === undefined && text.includes('"stage.started"'))
      timer = sleep(killAfterMs).then(() => child.kill("SIGKILL"));
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const lines = text
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, signal, lines };
}

/** Path of the artifact that a run publishes. */
export async function converted(workspace: string, args: readonly string[]): Promise<string> {
  const { code, lines } = await runConvert(workspace, args);
  if (code !== 0) throw new Error(`exit ${code}: ${JSON.stringify(lines.at(-1))}`);
  const output = lines.at(-1)?.["output"] as Record<string, { path?: string } | undefined>;
  return resolve(workspace, output["checkpoint"]?.path ?? output["model"]?.path ?? "");
}

/** Names of the artifacts in a workspace. */
export async function published(workspace: string): Promise<string[]> {
  const names = await readdir(join(workspace, "store")).catch(() => []);
  return names.filter((name) => !name.startsWith("."));
}

/** Whether this machine lets us mount a file system of our own, in a name space of our own. */
export const CAN_MOUNT = ((): boolean => {
  try {
    execFileSync("unshare", ["-rm", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** The command on a disk of so many megabytes, mounted at `place`. */
export const smallDisk = (place: string, megabytes: number): readonly string[] => [
  "unshare",
  "-rm",
  "sh",
  "-c",
  `mount -t tmpfs -o size=${megabytes}m tmpfs ${place}; exec "$@"`,
  "sh",
];

/** Files may not grow beyond that: what the kernel then says is as good as a full disk. */
export const smallFiles = (kilobytes: number): readonly string[] => [
  "sh",
  "-c",
  `ulimit -f ${2 * kilobytes}; exec "$@"`,
  "sh",
];

const imported = (script: string): readonly string[] => [
  "--import",
  `data:text/javascript,${encodeURIComponent(script)}`,
];

/** Flags with which a process prints the most memory that it has had, as its last line. */
export const TELL_PEAK = imported(
  'process.on("exit", () => { process.stdout.write(JSON.stringify({ peakRss: process.resourceUsage().maxRSS * 1024 }) + "\\n"); });',
);

/** Flags with which a process kills itself the moment a file of that name has got it. */
export const dieOnce = (name: string): readonly string[] =>
  imported(`
    import promises from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    const real = promises.rename;
    promises.rename = async (from, to) => {
      await real(from, to);
      if (String(to).endsWith(${JSON.stringify(name)})) process.kill(process.pid, "SIGKILL");
    };
    syncBuiltinESMExports();`);
