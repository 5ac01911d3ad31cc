import { assetsDirectory } from "@moonlight-rl/tiny-moonlight";
import { Command, InvalidArgumentError } from "commander";
import { datasetFiles } from "./data/datasets.ts";
import { pretrainCommand } from "./pretrain-command.ts";
import { tokenizerFiles } from "./tokenizer/tokenizer-files.ts";
import { writeAssets } from "./write-assets.ts";

/** The seed of the assets that are committed. */
const SEED = 17;

const program = new Command("make-tiny").description(
  "Makes the assets of @moonlight-rl/tiny-moonlight",
);

program
  .command("data")
  .description("the two datasets and the tokenizer: same seed, same bytes")
  .option("--seed <n>", "seed of the split and the order", integer, SEED)
  .option("--out <dir>", "assets folder", assetsDirectory)
  .action(async ({ seed, out }: { seed: number; out: string }) => {
    const files = [...datasetFiles(seed), ...tokenizerFiles()];
    await writeAssets(out, files);
    for (const { path, content } of files) console.log(`${path}  ${content.length} bytes`);
  });

program.addCommand(pretrainCommand({ seed: SEED, out: assetsDirectory }));

await program.parseAsync();

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("expected a whole number");
  return value;
}
