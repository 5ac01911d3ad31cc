import { InvalidArgumentError, Option, type Command } from "commander";
import { PROFILE_NAMES } from "@moonlight-rl/recipe/profile-name";
import { paramsSchema, STAGE_IDS, type Params } from "../pipeline/params.ts";

/** Flags of `run` and `plan`, as commander gives them. */
export interface RunFlags extends Partial<Params> {
  readonly json?: boolean;
  readonly workspace?: string;
  readonly force?: boolean;
  readonly resume?: string;
  readonly like?: string;
}

/** Adds the pipeline's parameters as flags; texts come from the schema. */
export function addRunOptions(command: Command): Command {
  const text = (name: keyof typeof paramsSchema.shape): string =>
    paramsSchema.shape[name].description ?? "";
  return command
    .argument("[files...]", "recipe files (YAML or JSON); later ones win")
    .addOption(
      new Option("--profile <name>", `${text("profile")} (default: tiny)`).choices(PROFILE_NAMES),
    )
    .addOption(new Option("--backend <name>", text("backend")).choices(["embedded", "miles"]))
    .option(
      "--set <path=value>",
      `${text("set")} (repeatable), for example rollout.numRollout=20`,
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option("--seed <number>", text("seed"), wholeNumber)
    .option("--model <repo>", text("model"))
    .option("--revision <name>", text("revision"))
    .option("--prompt-data <repo>", text("promptData"))
    .option("--eval-data <repo>", text("evalData"))
    .option(
      "--endpoint <url>",
      "Hub to fetch from (default: $HF_ENDPOINT; bundled assets are served on loopback)",
    )
    .option("--root <folder>", text("root"))
    .option("--ray-address <url>", text("rayAddress"))
    .option("--miles <folder>", text("miles"))
    .option("--python <file>", text("python"))
    .addOption(
      new Option("--on-interrupt <what>", text("onInterrupt")).choices(["ask", "stop", "detach"]),
    )
    .addOption(new Option("--until <stage>", text("until")).choices(STAGE_IDS))
    .option("--force", "ignore cached results and replace them");
}

/** The parameters that were given; the schema fills in the rest. */
export function paramsOf(flags: RunFlags, files: readonly string[]): Partial<Params> {
  const {
    profile,
    backend,
    set,
    seed,
    model,
    revision,
    promptData,
    evalData,
    endpoint,
    root,
    rayAddress,
    miles,
    python,
    onInterrupt,
    until,
  } = flags;
  const given = {
    profile,
    backend,
    set,
    seed,
    model,
    revision,
    promptData,
    evalData,
    endpoint,
    root,
    rayAddress,
    miles,
    python,
    onInterrupt,
    until,
    ...(files.length > 0 ? { files: [...files] } : {}),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("expected a whole number");
  return value;
}
