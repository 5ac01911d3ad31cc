import { rm, statfs } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { formatBytes } from "@moonlight-rl/core";
import type { Bench, Findings } from "../bench.ts";
import { scratchFolder } from "../measure/scratch-folder.ts";
import { median } from "../measure/median.ts";
import { warmRamDisk } from "../measure/warm-ram-disk.ts";
import type { Contender } from "./contender.ts";
import {
  key,
  measureContenders,
  messageOf,
  METRICS,
  rate,
  type Samples,
} from "./measure-contenders.ts";
import { startNginx, type Nginx } from "./nginx.ts";
import { CAP_MIB_PER_S, LATENCY_MS, MODES } from "./nginx-configuration.ts";
import { ourContender } from "./our-contender.ts";
import { PEERS } from "./peers.ts";
import { processorLimit, sha256Rate } from "./processor-limit.ts";
import { syntheticRepo, type SyntheticRepo } from "./synthetic-repo.ts";

const RAM_DISK = "/dev/shm";
const RSS_LIMIT_MB = 300;
const LIMIT_MS = 1000;
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
    const folder = await scratchFolder(RAM_DISK);
    const prefix = await scratchFolder(tmpdir());
    try {
      const nginx = await startNginx(prefix, repo);
      try {
        describe(findings, repo, nginx, contenders);
        await warmRamDisk(folder, repo.bytes * 1.1, options.signal);
        report(
          findings,
          repo,
          contenders,
          await measureContenders(folder, repo, nginx, contenders, options, findings),
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
  reportLimit(findings, repo, contenders, samples);
}

/** What this machine could do at most, from the run of the same round that only receives. */
function reportLimit(
  findings: Findings,
  repo: SyntheticRepo,
  contenders: readonly Contender[],
  samples: Samples,
): void {
  const of = (peer: string): number | undefined => {
    const contender = contenders.find((other) => other.peer === peer);
    const found = contender === undefined ? undefined : samples.get(key("plain", contender));
    return found === undefined ? undefined : median(found.map((sample) => rate(repo, sample)));
  };
  const [ours, receiving] = [of(ourContender.peer), of("curl")];
  if (ours === undefined || receiving === undefined) return;
  const cores = availableParallelism();
  const sha256 = sha256Rate(LIMIT_MS) / 1e6;
  const limit = processorLimit(receiving, sha256, cores);
  findings.note(
    `fetch: limit of ${cores} cores that also serve: ${receiving.toFixed(0)} MB/s received by curl with nothing verified, sha256 of bytes in the cache ${sha256.toFixed(0)} MB/s a core, both together ${limit.toFixed(0)} MB/s`,
  );
  findings.figure({
    metric: METRICS.plain,
    peer: "limit: curl, and sha256 in the cache",
    unit: "MB/s",
    ours,
    theirs: limit,
    better: "greater",
  });
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

async function checkRoom(bytes: number): Promise<void> {
  const disk = await statfs(RAM_DISK).catch(() => undefined);
  const free = disk === undefined ? 0 : disk.bavail * disk.bsize;
  const room = Math.min(free, process.availableMemory());
  if (room < bytes * 1.1 + 1e9)
    throw new Error(
      `${RAM_DISK} and memory have ${formatBytes(room)}, and ${formatBytes(bytes)} are to be fetched there: choose a smaller --size`,
    );
}
