import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatBytes } from "@moonlight-rl/core";
import type { Bench, BenchOptions, Findings } from "../bench.ts";
import { watchMachine } from "../measure/machine.ts";
import { median } from "../measure/median.ts";
import type { Contender } from "./contender.ts";
import { CAP_MIB_PER_S, LATENCY_MS, MODES, startNginx, type Mode, type Nginx } from "./nginx.ts";
import { ourContender } from "./our-contender.ts";
import { PEERS } from "./peers.ts";
import { REPO, syntheticRepo, type SyntheticRepo } from "./synthetic-repo.ts";

const RAM_DISK = "/dev/shm";
const RSS_LIMIT_MB = 300;
const METRICS: Readonly<Record<Mode, string>> = {
  plain: "throughput",
  latency: `throughput-latency-${LATENCY_MS}ms`,
  capped: "throughput-rate-capped",
};

interface Sample {
  readonly seconds: number;
  readonly peakRss: number;
}
/** Samples by mode and contender. */
type Samples = Map<string, Sample[]>;
const key = (mode: Mode, contender: Contender): string => `${mode} ${contender.peer}`;

export const fetchBench: Bench = {
  name: "fetch",
  what: "a model of 8 shards from nginx on loopback onto a RAM disk, beside hf, @huggingface/hub, curl and aria2",
  async run(options, findings) {
    const repo = await syntheticRepo(options.folder, options.size, options.signal);
    const contenders = [ourContender];
    for (const peer of PEERS) {
      try {
        contenders.push(await peer.prepare(options.signal, findings.note));
      } catch (error) {
        options.signal.throwIfAborted();
        for (const mode of MODES) findings.miss(METRICS[mode], peer.peer, messageOf(error));
      }
    }
    await checkRoom(repo.bytes);
    const [folder, prefix] = [
      await mkdtemp(join(RAM_DISK, "moonlight-bench-")),
      await mkdtemp(join(tmpdir(), "moonlight-nginx-")),
    ];
    try {
      const nginx = await startNginx(prefix, repo);
      try {
        describe(findings, repo, nginx, contenders);
        report(
          findings,
          repo,
          contenders,
          await measure(folder, repo, nginx, contenders, options, findings),
        );
      } finally {
        await nginx.stop();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
      await rm(prefix, { recursive: true, force: true });
    }
  },
};

/** Every contender in turn, and all of that again: what the machine does meanwhile falls on all alike. */
async function measure(
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

function report(
  findings: Findings,
  repo: SyntheticRepo,
  contenders: readonly Contender[],
  samples: Samples,
): void {
  for (const mode of MODES) {
    const ours = samples.get(key(mode, ourContender));
    if (ours === undefined) continue;
    for (const contender of contenders) {
      const theirs = samples.get(key(mode, contender));
      if (contender === ourContender || theirs === undefined) continue;
      findings.figure({
        metric: METRICS[mode],
        peer: contender.peer,
        unit: "MB/s",
        ours: median(ours.map((sample) => rate(repo, sample))),
        theirs: median(theirs.map((sample) => rate(repo, sample))),
        better: "greater",
      });
    }
    findings.figure({
      metric: `peak-rss${METRICS[mode].replace("throughput", "")}`,
      peer: `${RSS_LIMIT_MB} MB`,
      unit: "MB",
      ours: Math.max(...ours.map(({ peakRss }) => peakRss)) / 1e6,
      theirs: RSS_LIMIT_MB,
      better: "smaller",
    });
  }
}

function describe(
  { note }: Findings,
  repo: SyntheticRepo,
  nginx: Nginx,
  contenders: readonly Contender[],
): void {
  note(
    `fetch: ${formatBytes(repo.bytes)} in ${repo.files.length} files from ${nginx.version} on loopback (2 workers, sendfile, no TLS) onto ${RAM_DISK}; served files are read before each run, so they come from the page cache`,
  );
  note(
    nginx.urls.latency === undefined
      ? "  no latency mode: nginx's echo module is not installed (apt-get install libnginx-mod-http-echo)"
      : `  latency: each answer begins ${LATENCY_MS} ms late (nginx echo_sleep); capped: ${CAP_MIB_PER_S} MiB/s per connection (nginx limit_rate)`,
  );
  for (const { peer, settings } of contenders) note(`  ${peer}: ${settings}`);
}

const rate = ({ bytes }: SyntheticRepo, { seconds }: Sample): number => bytes / 1e6 / seconds;

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

async function checkRoom(bytes: number): Promise<void> {
  const disk = await statfs(RAM_DISK).catch(() => undefined);
  const free = disk === undefined ? 0 : disk.bavail * disk.bsize;
  const room = Math.min(free, process.availableMemory());
  if (room < bytes * 1.1 + 1e9)
    throw new Error(
      `${RAM_DISK} and memory have ${formatBytes(room)}, and ${formatBytes(bytes)} are to be fetched there: choose a smaller --size`,
    );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
