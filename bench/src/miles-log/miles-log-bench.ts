import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { formatBytes } from "@moonlight-rl/core";
import { LogReader, Watch } from "@moonlight-rl/miles";
import type { Bench, BenchOptions, Findings } from "../bench.ts";
import { median } from "../measure/median.ts";
import { timedCommand } from "../measure/timed-command.ts";
import { jobCorpus, recordedCorpus, type Corpus } from "./log-corpus.ts";

const BIN = fileURLToPath(new URL("../../../apps/moonlight/bin/moonlight.js", import.meta.url));
const CHUNK = 1 << 16;
const LIMIT_MB_S = 200;
const LIMIT_RSS = 256e6;
/** Bytes of a line that never seems to end, in the log whose reading is weighed. */
const LONG_LINE = 64 << 20;

export const milesLogBench: Bench = {
  name: "miles-log",
  what: "how fast a training job's log is read by one core, and in how much memory",
  async run(options, findings) {
    throughput(options, findings);
    await memory(options, findings);
  },
};

/**
 * Megabytes of log by seconds of processor time of this process: of one core, whatever else the machine does. Time of
 * the garbage collector, on whatever core it ran, is in it.
 */
function throughput({ repeat, size }: BenchOptions, findings: Findings): void {
  const bytes = Math.min(size, 300e6);
  const cases = [
    ["throughput", jobCorpus(), reader],
    ["throughput-watched", jobCorpus(), watched],
    ["throughput-reports-only", recordedCorpus(), reader],
  ] as const;
  for (const [metric, corpus, make] of cases) {
    readThrough(corpus, make, Math.min(bytes, 50e6));
    const rates = Array.from({ length: repeat }, () => readThrough(corpus, make, bytes));
    const average = Math.round(corpus.bytes.length / corpus.lines);
    findings.note(
      `miles-log: ${metric}: lines of ${average} bytes, ${rates.map(Math.round).join(", ")} MB/s`,
    );
    findings.figure({
      metric,
      peer: `${LIMIT_MB_S} MB/s`,
      unit: "MB/s",
      ours: median(rates),
      theirs: LIMIT_MB_S,
      better: "greater",
    });
  }
}

function reader(onEvent: () => void): LogReader {
  return new LogReader(onEvent);
}

function watched(onEvent: () => void): LogReader {
  const watch = new Watch(() => {}, { now: () => 0 });
  return new LogReader((event) => {
    watch.observe(event);
    onEvent();
  });
}

function readThrough({ bytes }: Corpus, make: typeof reader, total: number): number {
  let events = 0;
  const log = make(() => {
    events++;
  });
  const start = process.cpuUsage();
  let read = 0;
  while (read < total) {
    for (let at = 0; at < bytes.length; at += CHUNK) log.push(bytes.subarray(at, at + CHUNK));
    read += bytes.length;
  }
  log.end();
  const { user, system } = process.cpuUsage(start);
  if (events === 0) throw new Error("no event was read");
  return read / (user + system);
}

/** Peak memory of `moonlight logs` over a file that is larger than it, with one line of 64 MB in the middle. */
async function memory({ size, folder, signal }: BenchOptions, findings: Findings): Promise<void> {
  const file = join(folder, "miles-log.txt");
  const { bytes } = jobCorpus();
  const copies = Math.max(1, Math.round(Math.min(size, 1e9) / 2 / bytes.length));
  function* content(): Generator<Buffer> {
    for (let copy = 0; copy < copies; copy++) yield bytes;
    yield Buffer.alloc(LONG_LINE, "x");
    yield Buffer.from("\n");
    for (let copy = 0; copy < copies; copy++) yield bytes;
  }
  try {
    await pipeline(Readable.from(content()), createWriteStream(file), { signal });
    const { seconds, peakRss, stdout } = await timedCommand(
      process.execPath,
      [BIN, "logs", file, "--alarms"],
      { cancelSignal: signal },
    );
    if (!stdout.includes("at the end: ")) throw new Error("the log was not read to its end");
    const { size: written } = await stat(file);
    findings.note(
      `miles-log: moonlight logs read ${formatBytes(written)} in ${seconds.toFixed(1)} s`,
    );
    findings.figure({
      metric: "peak-rss",
      peer: "256 MB",
      unit: "MB",
      ours: peakRss / 1e6,
      theirs: LIMIT_RSS / 1e6,
      better: "smaller",
    });
  } finally {
    await rm(file, { force: true });
  }
}
