import { InvalidArgumentError, Option, type Command } from "commander";
import { PROFILE_NAMES } from "@moonlight-rl/recipe/profile-name";
import { PARAM_TEXTS } from "../pipeline/param-texts.ts";
import { STAGE_IDS } from "../pipeline/stage-ids.ts";

/** Adds the pipeline's parameters as flags; texts come from the schema. */
export function addRunOptions(command: Command): Command {
  return command
    .argument("[files...]", "recipe files (YAML or JSON); later ones win")
    .addOption(
      new Option("--profile <name>", `${PARAM_TEXTS.profile} (default: tiny)`).choices(
        PROFILE_NAMES,
      ),
    )
    .addOption(new Option("--backend <name>", PARAM_TEXTS.backend).choices(["embedded", "miles"]))
    .option(
      "--set <path=value>",
      `${PARAM_TEXTS.set} (repeatable), for example rollout.numRollout=20`,
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option("--seed <number>", PARAM_TEXTS.seed, wholeNumber)
    .option("--model <repo>", PARAM_TEXTS.model)
    .option("--revision <name>", PARAM_TEXTS.revision)
    .option("--prompt-data <repo>", PARAM_TEXTS.promptData)
    .option("--eval-data <repo>", PARAM_TEXTS.evalData)
    .option(
      "--endpoint <url>",
      "Hub to fetch from, or bundled (default: $HF_ENDPOINT; bundled assets are served on loopback)",
    )
    .option("--root <folder>", PARAM_TEXTS.root)
    .option("--ray-address <url>", PARAM_TEXTS.rayAddress)
    .option("--miles <folder>", PARAM_TEXTS.miles)
    .option("--python <file>", PARAM_TEXTS.python)
    .addOption(
      new Option("--on-interrupt <what>", PARAM_TEXTS.onInterrupt).choices([
        "ask",
        "stop",
        "detach",
      ]),
    )
    .addOption(new Option("--until <stage>", PARAM_TEXTS.until).choices(STAGE_IDS))
    .addOption(
      new Option(
        "--from <stage>",
        "start at this stage; refused when an earlier one has no result",
      ).choices(STAGE_IDS),
    )
    .addOption(
      new Option("--only <stage>", "this stage alone: --from and --until in one").choices(
        STAGE_IDS,
      ),
    )
    .option(
      "--config <file>",
      "configuration (default: $MOONLIGHT_CONFIG or the nearest moonlight.config.{json,mjs,ts}; none: without)",
    )
    .option("--force", "ignore cached results and replace them");
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("expected a whole number");
  return value;
}
