import { createReadStream } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes } from "@moonlight-rl/core";
import type { BenchOptions, Findings } from "../bench.ts";
import { watchMachine } from "../measure/machine.ts";
import type { Contender } from "./contender.ts";
import { REPO } from "./hub-answers.ts";
import type { Nginx } from "./nginx.ts";
import { LATENCY_MS, MODES, type Mode } from "./nginx-configuration.ts";
import { ourContender } from "./our-contender.ts";
import type { SyntheticRepo } from "./synthetic-repo.ts";

export const METRICS: Readonly<Record<Mode, string>> = {
  plain: "throughput",
  latency: `throughput-latency-${LATENCY_MS}ms`,
  capped: "throughput-rate-capped",
};

export interface Sample {
  readonly seconds: number;
  readonly peakRss: number;
}
/** Samples by mode and contender. */
export type Samples = Map<string, Sample[]>;
export const key = (mode: Mode, contender: Contender): string => `${mode} ${contender.peer}`;

/** Every contender in turn, and all of that again: what the machine does meanwhile falls on all alike. */
export async function measureContenders(
  folder: string,
  repo: SyntheticRepo,
  { urls }: Nginx,
  contenders: readonly Contender[],
  { repeat, signal }: BenchOptions,
  { note, miss }: Findings,
): Promise<Samples> {
  const samples: Samples = new Map();
  const failed = new Set<string>();
  for (let round = 0; round < repeat; round++) {
    for (const mode of MODES) {
      const url = urls[mode];
      if (url === undefined) continue;
      for (let turn = 0; turn < contenders.length; turn++) {
        // Another one begins each round.
        const contender = contenders[(turn + round) % contenders.length];
        if (contender === undefined || failed.has(key(mode, contender))) continue;
        if (mode === "capped" && contender.oneConnection === true) continue;
        const here = join(folder, "download");
        await mkdir(here);
        try {
          await warm(repo);
          const { result, load } = await watchMachine(
            async () => await contender.download({ url, repo, folder: here, signal }),
          );
          await checkArrived(here, repo);
          samples.set(key(mode, contender), [...(samples.get(key(mode, contender)) ?? []), result]);
          note(
            `  ${round + 1}/${repeat} ${METRICS[mode].padEnd(23)} ${contender.peer.padEnd(27)} ${rate(repo, result).toFixed(0).padStart(6)} MB/s  ${formatBytes(result.peakRss).padStart(7)}  ${load}`,
          );
        } catch (error) {
          signal.throwIfAborted();
          if (contender === ourContender) throw error;
          failed.add(key(mode, contender));
          samples.delete(key(mode, contender));
          miss(METRICS[mode], contender.peer, messageOf(error));
          note(`  ${contender.peer} failed: ${messageOf(error)}`);
        } finally {
          await rm(here, { recursive: true, force: true });
        }
      }
    }
  }
  return samples;
}

export const rate = ({ bytes }: SyntheticRepo, { seconds }: Sample): number =>
  bytes / 1e6 / seconds;

/** What is served lies in the page cache when the clock starts. */
async function warm({ root, commit, files }: SyntheticRepo): Promise<void> {
  for (const { path } of files) {
    const file = createReadStream(join(root, REPO, "resolve", commit, path), {
      highWaterMark: 1 << 20,
    });
    for await (const _ of file);
  }
}

/** Whether every shard has arrived whole, wherever the contender puts it: a failed download is no measurement. */
async function checkArrived(folder: string, repo: SyntheticRepo): Promise<void> {
  const sizes: number[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sizes.push((await stat(join(entry.parentPath, entry.name))).size);
  for (const { path, size } of repo.files)
    if (!sizes.includes(size)) throw new Error(`${path} has not arrived`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
