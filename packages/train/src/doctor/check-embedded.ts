import { statfs } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { dirname } from "node:path";
import { formatBytes } from "@moonlight-rl/core";
import type { NodeCheck } from "@moonlight-rl/miles";

const GIB = 2 ** 30;
/** The default run stays under 1 GB of memory and 200 MB of disk. */
const MEMORY = 2 * GIB;
const DISK = GIB;
const NODE = [20, 19] as const;

/** What the embedded engine needs of this machine. */
export async function checkEmbedded(workspace: string): Promise<NodeCheck[]> {
  const host = hostname();
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const old = major < NODE[0] || (major === NODE[0] && minor < NODE[1]);
  const memory = process.availableMemory();
  const disk = await freeBytes(workspace);
  const fault = await engineFault();
  const check = (id: string, bad: boolean, seen: string, fix: string): NodeCheck => ({
    host,
    id,
    status: bad ? "error" : "ok",
    seen,
    ...(bad ? { fix } : {}),
  });
  return [
    check(
      "node-version",
      old,
      `Node ${process.versions.node}`,
      `Use Node ${NODE.join(".")} or later.`,
    ),
    check(
      "engine",
      fault !== undefined,
      fault ?? "ONNX Runtime loads and computes",
      "Install it again (npm ci); it has binaries for Linux, macOS and Windows on x64 and arm64.",
    ),
    check("cpu-count", false, `${availableParallelism()} CPUs`, ""),
    check(
      "host-memory",
      memory < MEMORY,
      `${formatBytes(memory)} available, ${formatBytes(MEMORY)} are advised`,
      "Close other programs.",
    ),
    check(
      "disk-workspace",
      disk < DISK,
      `${workspace} has ${formatBytes(disk)} free, ${formatBytes(DISK)} are advised`,
      "Free some space, or choose another --workspace.",
    ),
  ];
}

/** Runs the smallest graph there is. */
async function engineFault(): Promise<string | undefined> {
  try {
    const { checkEngine } = await import("@moonlight-rl/embedded");
    await checkEngine();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Of the nearest folder above that exists. */
async function freeBytes(folder: string): Promise<number> {
  for (let at = folder; ; at = dirname(at)) {
    const info = await statfs(at).catch(() => undefined);
    if (info !== undefined) return info.bavail * info.bsize;
    if (at === dirname(at)) return 0;
  }
}
