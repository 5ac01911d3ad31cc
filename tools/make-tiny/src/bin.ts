import { assetsDirectory } from "@moonlight-rl/tiny-moonlight";
import { Command } from "commander";
import { dataCommand, tokenizerCommand, wholeNumber } from "./data-commands.ts";
import { pretrainCommand } from "./pretrain-command.ts";

/** The seed of the assets that are committed, and where they are. */
const DEFAULTS = { seed: 17, out: assetsDirectory };

const program = new Command("make-tiny")
  .description("Makes the assets of @moonlight-rl/tiny-moonlight")
  .addCommand(dataCommand(DEFAULTS))
  .addCommand(tokenizerCommand(DEFAULTS))
  .addCommand(pretrainCommand(DEFAULTS));

program
  .command("all")
  .description("data, tokenizer and pretrain, with one seed")
  .option("--seed <n>", "seed of data, weights and order", wholeNumber, DEFAULTS.seed)
  .option("--out <dir>", "assets folder", DEFAULTS.out)
  .action(async (defaults: typeof DEFAULTS) => {
    for (const phase of [dataCommand, tokenizerCommand, pretrainCommand])
      await phase(defaults).parseAsync([], { from: "user" });
  });

await program.parseAsync();
