import { UsageError } from "@moonlight-rl/core";
import { InvalidArgumentError, Option, type Command } from "commander";
import { PROFILE_NAMES } from "@moonlight-rl/recipe/profile-name";
import { paramsSchema, STAGE_IDS, type Params, type StageId } from "../pipeline/params.ts";

/** Flags of `run` and `plan`, as commander gives them. */
export interface RunFlags extends Partial<Params> {
  readonly json?: boolean;
  readonly workspace?: string;
  readonly force?: boolean;
  readonly from?: StageId;
  readonly only?: StageId;
  readonly resume?: string;
  readonly like?: string;
  readonly config?: string;
  /** Name of a pipeline of the configuration, and its parameters. */
  readonly pipeline?: string;
  readonly param?: readonly string[];
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
    only,
  } = flags;
  const until = flags.until ?? only;
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

/** Stages before `--from` (or `--only`): they must have results. Errors: `RUN_FLAGS` when the flags contradict each other. */
export function mustReuse({ from, until, only }: RunFlags): { mustReuse?: readonly StageId[] } {
  const first = from ?? only;
  const last = until ?? only;
  const contradiction =
    only !== undefined && (from !== undefined || until !== undefined)
      ? ["--only", "--only is --from and --until in one; it stands alone."]
      : first !== undefined &&
          last !== undefined &&
          STAGE_IDS.indexOf(first) > STAGE_IDS.indexOf(last)
        ? ["--from", `${first} comes after ${last}: nothing would be left to do.`]
        : undefined;
  if (contradiction !== undefined) {
    const [field = "", message = ""] = contradiction;
    const hint = `The stages in order: ${STAGE_IDS.join(", ")}.`;
    throw new UsageError("RUN_FLAGS", message, { field, hint });
  }
  return first === undefined ? {} : { mustReuse: STAGE_IDS.slice(0, STAGE_IDS.indexOf(first)) };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("expected a whole number");
  return value;
}
