import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { evaluate } from "@moonlight-rl/eval";
import { adoptArtifact, runStage } from "@moonlight-rl/pipeline";
import { execa } from "execa";
import { z } from "zod";
import type { Bench, BenchOptions, Findings } from "../bench.ts";
import { median } from "../measure/median.ts";
import { scratchFolder } from "../measure/scratch-folder.ts";

const SERVER = fileURLToPath(new URL("./slot-server.js", import.meta.url));
/** Samples that the server works on at once, and for how long on each: 640 a second, which two processors can send and receive. */
const SLOTS = 256;
const SERVICE_MS = 400;
const CONCURRENCY = 2000;
const PROBLEMS = 800;
const SAMPLES_EACH = 16;
/** Above what 2,000 wait for their turn (3.1 s), below what makes the hung ones the last. */
const TIMEOUT_S = 8;

export const evalBench: Bench = {
  name: "eval",
  what: "how much of a server's throughput an evaluation gets out of it, faults included",
  async run(options, findings) {
    const runs = [];
    for (let i = 0; i < options.repeat; i++) runs.push(await evaluation(options, findings));
    findings.figure({
      metric: "client-throughput",
      peer: "the server's slots",
      unit: "samples/s",
      ours: median(runs),
      theirs: (SLOTS * 1000) / SERVICE_MS,
      better: "greater",
    });
  },
};

const address = z.object({ url: z.string() });
const told = z.object({
  answers: z.number(),
  seconds: z.number(),
  faults: z.record(z.string(), z.number()),
});

/** Samples a second of one whole evaluation: from before the data is read until the result is published. */
async function evaluation(
  { signal }: BenchOptions,
  { note }: Pick<Findings, "note">,
): Promise<number> {
  const folder = await scratchFolder(tmpdir());
  const server = execa(process.execPath, [SERVER, `${SLOTS}`, `${SERVICE_MS}`], {
    cancelSignal: signal,
    stderr: "inherit",
    reject: false,
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const line = async <T>(schema: z.ZodType<T>): Promise<T> =>
    schema.parse(JSON.parse((await lines.next()).value ?? "null"));
  try {
    const { url } = await line(address);
    const rows = Array.from({ length: PROBLEMS }, (_, i) =>
      JSON.stringify({ prompt: `${i} + 1 = ?`, label: `${i + 1}` }),
    );
    await mkdir(join(folder, "data"));
    await writeFile(join(folder, "data", "sums.jsonl"), `${rows.join("\n")}\n`);
    const data = await adoptArtifact("hf-dataset", join(folder, "data"));
    const start = performance.now();
    const { summary } = await runStage(
      evaluate,
      {
        endpoint: url,
        servedModel: "sums",
        data,
        nSamplesPerPrompt: SAMPLES_EACH,
        concurrency: CONCURRENCY,
        requestTimeout: TIMEOUT_S,
      },
      { workspace: join(folder, "workspace"), signal },
    );
    const seconds = (performance.now() - start) / 1000;
    const samples = PROBLEMS * SAMPLES_EACH;
    if (summary.accuracy !== 1) throw new Error(`accuracy is ${summary.accuracy}, not 1`);
    server.stdin.end();
    const { answers, seconds: busy, faults } = await line(told);
    const rate = samples / seconds;
    note(
      `eval: ${samples} samples in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} a second; the server gave ${answers} answers in ${busy.toFixed(1)} s, faults ${JSON.stringify(faults)}`,
    );
    return rate;
  } finally {
    server.kill();
    await server;
    await rm(folder, { recursive: true, force: true });
  }
}
