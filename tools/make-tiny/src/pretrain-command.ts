import { cpus } from "node:os";
import { join } from "node:path";
import { writeHfModel } from "@moonlight-rl/checkpoint";
import { digestOf, writeJsonAtomic } from "@moonlight-rl/core";
import { parameterLayout, parameterTensors } from "@moonlight-rl/embedded";
import { loadTokenizer } from "@moonlight-rl/tokenizer";
import { Command } from "commander";
import { pretrainingRows } from "./data/pretraining.ts";
import { splitProblems } from "./data/split.ts";
import { pretrain, PRETRAIN_SETTINGS } from "./pretrain.ts";
import { TINY_CONFIG, tinyConfig } from "./pretrain-config.ts";

/** `make-tiny pretrain`: the tiny checkpoint, beside the tokenizer that `make-tiny data` wrote. */
export function pretrainCommand(defaults: {
  readonly seed: number;
  readonly out: string;
}): Command {
  return new Command("pretrain")
    .description("the tiny model, by supervised pre-training that stops early (about a minute)")
    .option("--seed <n>", "seed of data, weights and order", Number, defaults.seed)
    .option("--out <dir>", "assets folder", defaults.out)
    .action(async ({ seed, out }: { seed: number; out: string }) => {
      const folder = join(out, "models/moonlight-rl/tiny-moonlight");
      const settings = { ...PRETRAIN_SETTINGS, seed };
      const started = performance.now();
      const { parameters, ...result } = await pretrain(
        tinyConfig,
        await loadTokenizer(folder),
        settings,
        console.log,
      );
      const files = await writeHfModel(folder, {
        config: TINY_CONFIG,
        tensors: parameterTensors(parameterLayout(tinyConfig), parameters, "BF16"),
      });
      const { pretraining, training, evaluation } = splitProblems(seed);
      await writeJsonAtomic(join(folder, "provenance.json"), {
        command: `make-tiny pretrain --seed ${seed}`,
        method:
          "Supervised pre-training from random weights on the pre-training half of the problems, stopped as soon as the " +
          "sampled accuracy on problems outside of it reached settings.targetAccuracy. Nothing of the evaluation set or of " +
          "the training prompts was trained on; a part of the training prompts decided when to stop.",
        settings,
        result,
        parameters: parameters.length,
        data: {
          problems: {
            pretraining: pretraining.length,
            training: training.length,
            evaluation: evaluation.length,
          },
          sha256: {
            pretraining: digestOf(pretraining),
            training: digestOf(training),
            evaluation: digestOf(evaluation),
            rows: digestOf(
              pretrainingRows({ seed, rows: result.rows, mistakeShare: settings.mistakeShare }),
            ),
          },
        },
        files,
        made: {
          seconds: Math.round((performance.now() - started) / 1000),
          node: process.version,
          platform: `${process.platform}-${process.arch}`,
          cpu: cpus()[0]?.model ?? "unknown",
        },
      });
      console.log(JSON.stringify(result, null, 2));
    });
}
