import { formatDuration, formatPercent, formatTable } from "@moonlight-rl/core";
import { artifact, defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { milesInput } from "../backend/miles-input.ts";
import { dumpEntrySchema } from "../dump/dump-output.ts";
import { dumpText } from "../dump/dump-text.ts";

const { retries: _, keepCheckpoints: __, onHang: ___, ...settings } = milesInput;

const input = z.strictObject({
  mode: z
    .enum(["rollout", "train", "step", "eval"])
    .describe(
      "rollout: generate and grade only; train: steps on kept rollouts only; step: one rollout and its steps; eval: one evaluation only",
    ),
  recipe: artifact("recipe").describe("what rollout-config made, with the profile of miles"),
  model: artifact("hf-model").describe("model folder with config.json and the tokenizer"),
  promptData: artifact("hf-dataset").describe("dataset with the training prompts"),
  evalData: artifact("hf-dataset").optional().describe("eval: dataset with the problems"),
  checkpoint: artifact("torch-dist")
    .optional()
    .describe(
      "train, step: checkpoint to start from (rollout and eval have the weights of --model)",
    ),
  rollouts: z.int().min(1).default(1).describe("rollout: how many"),
  rolloutsFrom: z.string().min(1).optional().describe("train: where rollouts were kept"),
  out: z.string().min(1).default("./debug-run").describe("folder for log, curves and rollouts"),
  ...settings,
});

const output = z.object({
  mode: input.shape.mode,
  submission: z.string(),
  out: z.string(),
  log: z.string(),
  seconds: z.number(),
  rollouts: z.array(dumpEntrySchema),
  optimizerSteps: z.int().nonnegative(),
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
});

export type DebugInput = z.output<typeof input>;
export type DebugOutput = z.input<typeof output>;

/** `moonlight debug`: a run of miles cut down to one of its parts. */
export const debug = defineSubcommand({
  name: "debug",
  title:
    "Run a part of training on miles alone: rollouts, steps on kept rollouts, one step, or an evaluation.",
  examples: [
    "rollout --recipe ./recipe --model ./moonlight --prompt-data ./dapo",
    "train --rollouts-from ./debug-run --out ./debug-train --recipe ./recipe --model ./moonlight --prompt-data ./dapo --checkpoint ./base",
    "eval --eval-data ./aime --recipe ./recipe --model ./moonlight --prompt-data ./dapo --ray-address http://head:8265",
  ],
  input,
  positionals: ["mode"],
  output,
  async run(given, context) {
    return (await import("./run-debug.ts")).runDebug(given, context);
  },
  present({ mode, submission, out, log, seconds, rollouts, optimizerSteps, metrics }) {
    const parts = [`${mode}: job ${submission}, ${formatDuration(seconds * 1000)}`];
    if (optimizerSteps > 0) parts.push(`${optimizerSteps} optimizer steps`);
    const rows = Object.entries(metrics)
      .filter(([name]) => SHOWN.test(name))
      .map(([name, value]) => [name, typeof value === "number" ? value.toPrecision(6) : value]);
    if (rows.length > 0)
      parts.push(
        "",
        formatTable([{ title: "last value of" }, { title: "", align: "right" }], rows),
      );
    if (rollouts.length > 0) {
      const found = rollouts.length;
      parts.push("", dumpText({ path: out, found, dumps: rollouts, samples: [], matching: 0 }));
      const [first] = rollouts;
      if (first !== undefined) parts.push("", `moonlight dump ${first.file} shows its samples`);
    }
    const cut = rollouts.reduce((sum, { summary }) => sum + summary.truncated, 0);
    const all = rollouts.reduce((sum, { summary }) => sum + summary.samples, 0);
    if (cut > 0) parts.push(`${formatPercent(cut / all)} of the answers were cut off`);
    parts.push(`log: ${log}`);
    return parts.join("\n");
  },
});

/** What one looks at first; all are under --json. */
const SHOWN =
  /^(?:eval\/|train\/(?:loss|pg_loss|grad_norm|kl_loss|entropy_loss|ppo_kl|pg_clipfrac|train_rollout_logprob_abs_diff)$|rollout\/(?:raw_reward|response_len\/mean|truncated_ratio|zero_std))/;
