import { defineStage } from "@moonlight-rl/pipeline";
import { isRemote } from "@moonlight-rl/reward/is-remote";
import { compareCommand } from "./commands/compare.ts";
import { reportCommand } from "./commands/report.ts";
import { gateVerdict } from "./gate/gate.ts";
import { evalInput } from "./input.ts";
import { evalOutput } from "./output.ts";
import { renderSets } from "./result/render-sets.ts";

/** Has a policy answer sets of problems, grades the responses and says how sure the figures are. */
export const evaluate = defineStage({
  name: "eval",
  title: "Evaluate a policy: avg@n, pass@k, intervals, paired comparison",
  from: import.meta.url,
  input: evalInput,
  output: evalOutput,
  examples: [
    "--model ./tiny-moonlight --data ./tiny-aime --n-samples-per-prompt 4 --max-response-len 64",
    "--model ./trained --data ./tiny-aime --recipe ./recipe --baseline ./eval-of-base",
    "--endpoint http://127.0.0.1:30000 --served-model moonlight --data ./aime-2024 --data-file 'aime.jsonl@[0:15]'",
    "--model ./trained --data ./aime-2024 --baseline ./eval-of-base --require 'aime.avg@8>=0.35' --require-gain",
    "--responses ./samples.ndjson --rm-type dapo",
  ],

  commands: [reportCommand, compareCommand],

  present: ({ result, summary }) => `${renderSets(summary)}\nresult: ${result.path}`,

  /** The gate is no part of the key: another one is tried on the same result. */
  verdict: ({ result, summary }, input) => gateVerdict(summary, input, result.path),

  /** What others compute may be another thing tomorrow: their servers, their code. */
  cacheable: ({ endpoint, engine, customRmPath, rmType, datasets = [] }) =>
    endpoint === undefined &&
    engine !== "sglang" &&
    [{ customRmPath, rmType }, ...datasets].every(
      (set) => set.customRmPath === undefined && !isRemote(set.rmType ?? ""),
    ),

  async resolve(input) {
    return (await import("./resolve-evaluation.ts")).resolveEvaluation(input);
  },
  async plan(input) {
    return (await import("./evaluate-policy.ts")).planEvaluation(input);
  },
  async run(input, context) {
    return (await import("./evaluate-policy.ts")).evaluatePolicy(input, context);
  },
});
