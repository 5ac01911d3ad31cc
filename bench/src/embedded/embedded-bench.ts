import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "@moonlight-rl/interop";
import { assetsDirectory, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import type { Bench, BenchOptions, Findings } from "../bench.ts";
import { watchMachine } from "../measure/machine.ts";
import { median } from "../measure/median.ts";
import type { Command } from "./command.ts";
import { startSide, type Side } from "./side.ts";

const TOKENS = 64;
const peers = (name: string): string =>
  fileURLToPath(new URL(`../../peers/embedded/${name}`, import.meta.url));

interface Match {
  readonly metric: string;
  readonly peer: string;
  readonly unit: string;
  /** What one run of the command makes, in `unit · s`. */
  readonly work: number;
  readonly ours: Command;
  readonly theirs: Command;
  /** Turns of either side for each `--repeat`. */
  readonly turns: number;
}

const generate = (batch: number, peer: "transformers generate" | "pytorch best decode"): Match => ({
  metric: `generate-b${batch}`,
  peer,
  unit: "tokens/s",
  work: batch * TOKENS,
  ours: { op: "generate", batch, tokens: TOKENS },
  theirs: { op: peer === "pytorch best decode" ? "decode" : "generate", batch, tokens: TOKENS },
  turns: 3,
});
const step = (metric: string, prompts: number, samples: number, response: number): Match => {
  const command: Command = { op: "step", prompts, samples, response };
  return {
    metric,
    peer: "pytorch eager",
    unit: "samples/s",
    work: prompts * samples,
    ours: command,
    theirs: command,
    turns: 5,
  };
};
/** TRL's last: its process goes on inside the trainer from then on. */
const MATCHES: readonly Match[] = [
  generate(64, "transformers generate"),
  generate(256, "transformers generate"),
  generate(64, "pytorch best decode"),
  generate(256, "pytorch best decode"),
  step("train-step", 16, 8, 6),
  step("train-step-unshared", 32, 1, 46),
  {
    metric: "grpo-iteration",
    peer: "trl GRPOTrainer",
    unit: "samples/s",
    work: 512,
    ours: { op: "iteration" },
    theirs: { op: "iteration" },
    turns: 1,
  },
];

export const embeddedBench: Bench = {
  name: "embedded",
  what: "generation and training beside transformers, PyTorch and TRL",
  async run(options, findings) {
    const { signal } = options;
    const { note } = findings;
    const python = await pythonEnvironment({
      name: "embedded-peers",
      requirements: peers("requirements.txt"),
      signal,
      note,
    });
    const args = [
      join(assetsDirectory, "models", MODEL),
      join(assetsDirectory, "datasets", PROMPT_DATA, "tiny-dapo-math.jsonl"),
      String(availableParallelism()),
    ];
    const script = fileURLToPath(new URL("our-side.js", import.meta.url));
    const ours = await startSide(process.execPath, [script, ...args], { signal, note });
    try {
      const theirs = await startSide(join(python, "python"), [peers("peer.py"), ...args], {
        signal,
        note,
      });
      try {
        note(`embedded: ours ${ours.versions}, theirs ${theirs.versions}`);
        for (const match of MATCHES) await play(match, ours, theirs, options, findings);
      } finally {
        note(`  peak memory of PyTorch's side: ${megabytes(await theirs.end())}`);
      }
    } finally {
      note(`  peak memory of our side: ${megabytes(await ours.end())}`);
    }
  },
};

/** Both sides in turns, after one that warms up; the ratio is one of medians. */
async function play(
  { metric, peer, unit, work, turns, ...commands }: Match,
  ours: Side,
  theirs: Side,
  { repeat }: BenchOptions,
  { figure, note }: Findings,
): Promise<void> {
  const times = { ours: [] as number[], theirs: [] as number[] };
  const { load } = await watchMachine(async () => {
    await theirs.ask(commands.theirs);
    await ours.ask(commands.ours);
    for (let turn = 0; turn < turns * repeat; turn++) {
      times.theirs.push(await theirs.ask(commands.theirs));
      times.ours.push(await ours.ask(commands.ours));
    }
  });
  const list = (values: readonly number[]): string =>
    values.map((seconds) => (seconds * 1000).toFixed(0)).join(" ");
  note(`  ${metric}: ours ${list(times.ours)} ms, ${peer} ${list(times.theirs)} ms; ${load}`);
  const rate = (values: readonly number[]): number => work / median(values);
  figure({
    metric,
    peer,
    unit,
    ours: rate(times.ours),
    theirs: rate(times.theirs),
    better: "greater",
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
