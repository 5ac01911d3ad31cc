import { defineStage } from "@moonlight-rl/pipeline";
import { doctor } from "./doctor/doctor-command.ts";
import { debug } from "./debug/debug-command.ts";
import { dump } from "./dump/dump-command.ts";
import { trainInput, trainOutput } from "./input.ts";

/** Trains a policy by a recipe; goes on where an interrupted run of the same inputs stopped. */
export const train = defineStage({
  name: "train",
  title: "Train a torch_dist checkpoint by a recipe (GRPO)",
  from: import.meta.url,
  input: trainInput,
  output: trainOutput,
  commands: [doctor, debug, dump],
  examples: [
    "--recipe ./recipe --checkpoint ./base-torch-dist --model ./tiny-moonlight --prompt-data ./tiny-dapo-math --eval-data ./tiny-aime",
    "--backend miles --ray-address http://head:8265 --miles /root/miles --recipe ./recipe --checkpoint ./base --model ./moonlight --prompt-data ./dapo --eval-data ./aime",
  ],

  async plan(input) {
    return (await import("./train-policy.ts")).planTraining(input);
  },
  async run(input, context) {
    return (await import("./train-policy.ts")).trainPolicy(input, context);
  },
});
