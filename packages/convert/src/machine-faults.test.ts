import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openHfModel, verifyCheckpoint, writeHfModel } from "@moonlight-rl/checkpoint";
import { hfTensors, type HfConfig } from "@moonlight-rl/model";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const DEEP = process.env["MOONLIGHT_DEEP"] === "1";
const KILLS = DEEP ? 40 : 2;
const MEMORY_LIMIT = 256e6;
const bin = fileURLToPath(new URL("../bin/moonlight-convert.js", import.meta.url));

let folder = "";
let model = "";
let checkpoint = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-convert-"));
  model = join(folder, "model");
  await wideModel(model, 24e6);
  checkpoint = await converted(join(folder, "whole"), ["--to", "torch_dist", "--model", model]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The tiny model with so large a vocabulary that it has about so many bytes, in several shards. */
async function wideModel(target: string, bytes: number): Promise<void> {
  const { config } = await openHfModel(join(assetsDirectory, "models", MODEL));
  const vocab_size = 128 * Math.ceil(bytes / (128 * 2 * 2 * config.hidden_size));
  const wide: HfConfig = { ...config, vocab_size };
  await writeHfModel(target, {
    config: { ...wide } as never,
    maxShardBytes: bytes / 4,
    tensors: hfTensors(wide).map(({ name, shape }, i) => ({
      name,
      shape,
      dtype: "BF16",
      read: async function* () {
        const size = 2 * shape.reduce((product, length) => product * length, 1);
        for (let at = 0; at < size; at += 1 << 20)
          yield Buffer.alloc(Math.min(1 << 20, size - at), 1 + (i % 50));
      },
    })),
  });
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: readonly Record<string, unknown>[];
}

/** The command in a process of its own; `wrap` goes before it, `flags` are Node's. */
async function run(
  workspace: string,
  args: readonly string[],
  {
    wrap = [],
    flags = [],
    killAfterMs,
  }: { wrap?: readonly string[]; flags?: readonly string[]; killAfterMs?: number } = {},
): Promise<Ended> {
  const [program, ...rest] = [...wrap, process.execPath, ...flags, bin];
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
async function converted(workspace: string, args: readonly string[]): Promise<string> {
  const { code, lines } = await run(workspace, args);
  expect(code, JSON.stringify(lines.at(-1))).toBe(0);
  return resolve(workspace, pathOf(lines.at(-1)));
}

function pathOf(summary: Record<string, unknown> | undefined): string {
  const output = summary?.["output"] as Record<string, { path?: string } | undefined> | undefined;
  return output?.["checkpoint"]?.path ?? output?.["model"]?.path ?? "";
}

const published = async (workspace: string): Promise<string[]> =>
  (await readdir(join(workspace, "store")).catch(() => [])).filter((name) => !name.startsWith("."));

const directions = [
  ["torch_dist", () => ["--to", "torch_dist", "--model", model]],
  ["hf", () => ["--to", "hf", "--checkpoint", checkpoint, "--model", model]],
] as const;

describe.each(directions)("converting to %s", (_, args) => {
  it(
    `C9 C13 is killed ${KILLS} times: nothing half-written is published, and the rest is done by the next run`,
    { timeout: KILLS * 10_000 + 20_000 },
    async () => {
      const wanted = (await converted(join(folder, "uninterrupted"), args())).split("/").at(-1);
      let state = 11;
      const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
      let workspace = await mkdtemp(join(folder, "killed-"));
      for (let kills = 0; kills < KILLS;) {
        const { signal, code } = await run(workspace, args(), { killAfterMs: random() * 150 });
        if (signal === "SIGKILL") {
          kills++;
          // The artifact is the last thing: it is there whole, or not at all.
          for (const name of await published(workspace)) expect(name).toBe(wanted);
          if (kills < KILLS && kills % 2 === 1) continue;
          const path = await converted(workspace, args());
          expect(path.split("/").at(-1)).toBe(wanted);
        } else expect(code).toBe(0);
        workspace = await mkdtemp(join(folder, "killed-"));
      }
    },
  );

  it("C10 a disk that is too small is refused before the first byte", async () => {
    if (!canMount) return;
    const place = await mkdtemp(join(folder, "small-"));
    const wrap = [
      "unshare",
      "-rm",
      "sh",
      "-c",
      `mount -t tmpfs -o size=10m tmpfs ${place}; exec "$@"`,
      "sh",
    ];
    const { code, lines } = await run(join(place, "ws"), args(), { wrap });
    expect({ code, last: lines.at(-1) }).toMatchObject({
      code: 3,
      last: { error: { code: "DISK_FULL" } },
    });
  });

  it("C10 a disk that fills up meanwhile is a coded error, and the next run goes on", async () => {
    const workspace = await mkdtemp(join(folder, "full-"));
    // Files may not grow beyond 4 MB: what the kernel then says is as good as a full disk.
    const wrap = ["sh", "-c", 'ulimit -f 8192; exec "$@"', "sh"];
    const { code, lines } = await run(workspace, args(), { wrap });
    expect({ code, last: lines.at(-1) }).toMatchObject({
      code: 3,
      last: { error: { code: "DISK_FULL", hint: expect.any(String) as string } },
    });
    expect(await published(workspace)).toEqual([]);
    const { findings } = await verifyCheckpoint(await converted(workspace, args()), { model });
    expect(findings).toEqual([]);
  });
});

it("an input that is not there is said before another one is read, as the last line", async () => {
  const workspace = join(folder, "missing");
  const args = ["--to", "hf", "--checkpoint", "/nowhere", "--model", model];
  const { code, lines } = await run(workspace, args);
  expect(code).toBe(3);
  expect(lines).toMatchObject([{ type: "summary", error: { code: "ARTIFACT_NOT_FOUND" } }]);
});

const canMount = ((): boolean => {
  try {
    execFileSync("unshare", ["-rm", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

it("C14 memory stays under 256 MB for a model that is larger", { timeout: 120_000 }, async () => {
  const large = join(folder, "large");
  await wideModel(large, DEEP ? 2e9 : 4e8);
  expect((await stat(join(large, "model.safetensors.index.json"))).size).toBeGreaterThan(0);
  const workspace = join(folder, "memory");
  const args = ["--to", "torch_dist", "--model", large];
  const { code, lines } = await run(workspace, args, { flags: ["--import", PEAK] });
  expect(code).toBe(0);
  const peak = lines.find(({ peakRss }) => peakRss !== undefined)?.["peakRss"];
  expect(peak).toBeGreaterThan(40e6);
  expect(peak).toBeLessThan(MEMORY_LIMIT);
  await rm(large, { recursive: true });
  await rm(workspace, { recursive: true });
});

/** Prints the most memory that a process has had, as its last line. */
const PEAK = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => { process.stdout.write(JSON.stringify({ peakRss: process.resourceUsage().maxRSS * 1024 }) + "\\n"); });',
)}`;
