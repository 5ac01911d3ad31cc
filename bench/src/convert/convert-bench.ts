import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatBytes, formatDuration } from "@moonlight-rl/core";
import { pythonEnvironment } from "@moonlight-rl/interop";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import type { Bench, BenchOptions, Findings } from "../bench.ts";
import { watchMachine } from "../measure/machine.ts";
import { median } from "../measure/median.ts";
import { timedCommand } from "../measure/timed-command.ts";
import { warmRamDisk } from "../measure/warm-ram-disk.ts";
import { modelBytes, syntheticModel } from "./synthetic-model.ts";

const RAM_DISK = "/dev/shm";
const RSS_LIMIT = 256e6;
const LEAST_BYTES = 4e9;
const TORCH_PEER = "safetensors load + torch DCP save";
const peer = (name: string): string =>
  fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));

interface Run {
  readonly seconds: number;
  readonly peakRss: number;
}
type Contender = (source: string, target: string, signal: AbortSignal) => Promise<Run>;

export const convertBench: Bench = {
  name: "convert",
  what: "HF → torch_dist on disk beside cp, on a RAM disk beside safetensors load and torch DCP save",
  async run(options, findings) {
    const { model, bytes } = await syntheticModel(
      options.folder,
      Math.max(options.size, LEAST_BYTES),
      options.signal,
    );
    findings.note(
      `convert: ${formatBytes(bytes)} in ${model.files.length} shards with Moonlight's tensor shapes; ours with CRCs, sha256, NaN scan and read-back; the source is read before each run, so it comes from the page cache; every run ends when its files are synced`,
    );
    const rates = {
      ours: [] as number[],
      cp: [] as number[],
      ram: [] as number[],
      torch: [] as number[],
    };
    const peaks: number[] = [];
    const measure = async (into: number[], where: string, what: Contender): Promise<void> => {
      const { seconds, peakRss } = await measured(what, model.folder, where, options, findings);
      into.push(bytes / 1e6 / seconds);
      if (what === ours) peaks.push(peakRss);
    };
    for (let run = 0; run < options.repeat; run++) {
      await measure(rates.cp, options.folder, cp);
      await measure(rates.ours, options.folder, ours);
    }
    const figure = { unit: "MB/s", better: "greater" } as const;
    const [onDisk, copied] = [median(rates.ours), median(rates.cp)];
    findings.figure({
      ...figure,
      metric: "throughput-disk",
      peer: "cp",
      ours: onDisk,
      theirs: copied,
    });
    projection(findings, onDisk);
    await requireRoom(bytes);
    const python = await pythonEnvironment({
      name: "torch-dist",
      requirements: fileURLToPath(
        new URL("../../../tools/interop/torch-dist/requirements.txt", import.meta.url),
      ),
      signal: options.signal,
      note: findings.note,
    });
    const warm = await mkdtemp(join(RAM_DISK, "moonlight-convert-"));
    try {
      await warmRamDisk(warm, 2.1 * bytes, options.signal);
    } finally {
      await rm(warm, { recursive: true, force: true });
    }
    const torch: Contender = (source, target, cancelSignal) =>
      timedCommand(join(python, "python"), [peer("torch-dcp-save.py"), source, target], {
        cancelSignal,
      });
    for (let run = 0; run < options.repeat; run++) {
      await measure(rates.torch, RAM_DISK, torch);
      await measure(rates.ram, RAM_DISK, ours);
    }
    const [ram, saved] = [median(rates.ram), median(rates.torch)];
    findings.figure({
      ...figure,
      metric: "throughput-ram",
      peer: TORCH_PEER,
      ours: ram,
      theirs: saved,
    });
    findings.figure({
      metric: "peak-rss",
      peer: "256 MB",
      unit: "MB",
      ours: Math.max(...peaks) / 1e6,
      theirs: RSS_LIMIT / 1e6,
      better: "smaller",
    });
  },
};

const ours: Contender = (source, target, cancelSignal) =>
  timedCommand(process.execPath, [peer("to-torch-dist.mjs"), source, target], { cancelSignal });

const cp: Contender = async (source, target, cancelSignal) => {
  const copy = await timedCommand("cp", ["--reflink=never", "-r", source, target], {
    cancelSignal,
  });
  const files = (await readdir(target)).map((name) => join(target, name));
  const sync = await timedCommand("sync", files, { cancelSignal });
  return { seconds: copy.seconds + sync.seconds, peakRss: copy.peakRss };
};

async function measured(
  what: Contender,
  source: string,
  where: string,
  { signal }: BenchOptions,
  { note }: Findings,
): Promise<Run> {
  const folder = await mkdtemp(join(where, "moonlight-convert-"));
  try {
    for (const name of await readdir(source))
      for await (const _ of createReadStream(join(source, name), { highWaterMark: 4 << 20 }));
    const { result, load } = await watchMachine(() => what(source, join(folder, "out"), signal));
    const name = what === ours ? "ours" : what === cp ? "cp" : "torch";
    note(`  ${name} in ${where}: ${formatDuration(result.seconds)}; ${load}`);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function projection({ note }: Findings, rate: number): void {
  const bytes = modelBytes(MOONLIGHT_16B_A3B);
  note(
    `  projection: Moonlight-16B-A3B, ${formatBytes(bytes)}, in ${formatDuration(bytes / 1e6 / rate)} at this rate; assumes that source and target disks keep it up when the page cache is full, and memory that does not grow with the model`,
  );
}

async function requireRoom(bytes: number): Promise<void> {
  const disk = await statfs(RAM_DISK);
  const room = Math.min(disk.bavail * disk.bsize, process.availableMemory());
  if (room < 2.2 * bytes)
    throw new Error(
      `${RAM_DISK} and memory have ${formatBytes(room)}; output and torch's copy of the model need ${formatBytes(2.2 * bytes)}`,
    );
}
