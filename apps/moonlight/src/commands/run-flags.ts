import { UsageError } from "@moonlight-rl/core";
import type { Params } from "../pipeline/params.ts";
import { STAGE_IDS, type StageId } from "../pipeline/stage-ids.ts";

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

/** Flags that are parameters of the pipeline by the same name. */
const PARAM_FLAGS = [
  "profile",
  "backend",
  "set",
  "seed",
  "model",
  "revision",
  "promptData",
  "evalData",
  "endpoint",
  "root",
  "rayAddress",
  "miles",
  "python",
  "onInterrupt",
] as const satisfies readonly (keyof Params & keyof RunFlags)[];

/** The parameters that were given; the schema fills in the rest. */
export function paramsOf(flags: RunFlags, files: readonly string[]): Partial<Params> {
  const given = {
    ...Object.fromEntries(PARAM_FLAGS.map((name) => [name, flags[name]])),
    until: flags.until ?? flags.only,
    ...(files.length > 0 ? { files: [...files] } : {}),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** What Moonlight's own pipeline is told by, and one of the configuration is not: nothing that was given is passed over. */
export function refuseForCustom(flags: RunFlags, files: readonly string[]): void {
  const { endpoint: _, ...given } = { ...paramsOf(flags, files), from: flags.from };
  const [field] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (field === undefined) return;
  const dashed = field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const name =
    field === "files" ? "FILES" : `--${field === "until" && flags.only ? "only" : dashed}`;
  throw new UsageError("RUN_FLAGS", `${name} is for Moonlight's own pipeline.`, {
    field: name,
    hint: "Parameters of a pipeline of yours are --param name=value; leave it out, or leave --pipeline out.",
  });
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
