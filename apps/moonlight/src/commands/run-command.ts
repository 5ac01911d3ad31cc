import { Command } from "commander";
import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { addRunOptions } from "./run-options.ts";

const EXAMPLES = `Examples:
  $ moonlight run                               all of it over the tiny model
  $ moonlight run --set rollout.numRollout=20   one field of the recipe changed
  $ moonlight run recipe.yaml --seed 3          a recipe of your own
  $ moonlight run --until train                 up to a stage
  $ moonlight run --only train --force          one stage again
  $ moonlight run --resume latest               go on after an interruption
  $ moonlight run --like 20261123-18 --force    an earlier run once more
`;

/** `moonlight run`: the pipeline with live progress, a summary and a report. The work is loaded when it is asked for. */
export function runCommand(): Command {
  const command = new Command("run").description(
    "Run the pipeline: fetch, convert, configure, evaluate, train, export, evaluate, report.",
  );
  command.addHelpText("before", EXAMPLES);
  addRunOptions(command)
    .option("--resume <run>", "go on with a run: its id, a unique part of it, or latest")
    .option("--pipeline <name>", "a pipeline of your configuration instead of Moonlight's")
    .option(
      "--param <name=value>",
      "parameter of that pipeline (repeatable)",
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option(
      "--like <run>",
      "repeat a run: its parameters, commits and recipe files; says what cannot be made equal",
    );
  return addCommonOptions(command).action(async (files: string[]) => {
    const { runAction } = await import("./run-action.ts");
    await runAction(command, files);
  });
}
