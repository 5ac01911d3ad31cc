import { Command, InvalidArgumentError } from "commander";
import { datasetFiles, type AssetFile } from "./data/datasets.ts";
import { splitProblems } from "./data/split.ts";
import { recordProvenance } from "./record-provenance.ts";
import { tokenizerFiles, VOCABULARY_SIZE } from "./tokenizer/tokenizer-files.ts";
import { writeAssets } from "./write-assets.ts";

interface Defaults {
  readonly seed: number;
  readonly out: string;
}

/** `make-tiny data`: the two datasets. Same seed, same bytes, on every machine. */
export function dataCommand(defaults: Defaults): Command {
  return new Command("data")
    .description("the two datasets: same seed, same bytes")
    .option("--seed <n>", "seed of the split and the order", wholeNumber, defaults.seed)
    .option("--out <dir>", "assets folder", defaults.out)
    .action(async ({ seed, out }: Defaults) => {
      const files = datasetFiles(seed);
      const { evaluation, training, pretraining } = splitProblems(seed);
      const problems = {
        evaluation: evaluation.length,
        training: training.length,
        pretraining: pretraining.length,
      };
      await writeAssets(out, files);
      const command = `make-tiny data --seed ${seed}`;
      await recordProvenance(out, "datasets", { command, seed, problems }, files);
      report(files);
    });
}

/** `make-tiny tokenizer`: tokenizer.json, tokenizer_config.json and generation_config.json; nothing in them is random. */
export function tokenizerCommand(defaults: Pick<Defaults, "out">): Command {
  return new Command("tokenizer")
    .description("the tokenizer: always the same bytes")
    .option("--out <dir>", "assets folder", defaults.out)
    .action(async ({ out }: Pick<Defaults, "out">) => {
      const files = tokenizerFiles();
      await writeAssets(out, files);
      const record = { command: "make-tiny tokenizer", vocabulary: VOCABULARY_SIZE };
      await recordProvenance(out, "tokenizer", record, files);
      report(files);
    });
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("expected a whole number");
  return value;
}

function report(files: readonly AssetFile[]): void {
  for (const { path, content } of files)
    console.log(`${path}  ${Buffer.byteLength(content)} bytes`);
}
