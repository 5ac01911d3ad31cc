import { z } from "zod";
import { evaluateScript, type EvaluateOptions, type SkippedLine } from "./evaluate.ts";
import { refused, type Place } from "./fault.ts";
import { UNKNOWN } from "./value.ts";

/** What a launch script tells Ray and train.py. */
export interface LaunchScript {
  /** The arguments after train.py. */
  readonly argv: readonly string[];
  /** `train.py` or `train_async.py`, as written. */
  readonly program: string;
  /** Exported variables and `env_vars` of the Ray runtime environment; the latter win. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of environment variables whose values are only known when the script runs. */
  readonly unknownEnvironment: readonly string[];
  /** Lines that were read over: housekeeping that cannot change the arguments. */
  readonly skipped: readonly SkippedLine[];
}

const runtimeEnvSchema = z.looseObject({ env_vars: z.record(z.string(), z.string()).default({}) });

/**
 * Reads a bash launcher of miles without running it: assignments, arrays, given sources, `seq`, and one launch of
 * train.py, directly or through `ray job submit … -- python3 train.py …`.
 *
 * @throws UsageError SCRIPT_REFUSED with line and byte offset for everything else.
 */
export function importScript(
  text: string,
  file: string,
  options: EvaluateOptions = {},
): LaunchScript {
  const { launch, place, environment, skipped } = evaluateScript(text, file, options);
  const at = launch.findIndex((word) => /(?:^|\/)train(?:_async)?\.py$/.test(word));
  const before = launch.slice(0, at);
  const python = before.at(-1);
  if (at < 1 || python === undefined || !/(?:^|\/)python[\d.]*$/.test(python))
    throw refused(place, "train.py is not started by python");
  const wrapper = before.slice(0, -1);
  const [first] = wrapper;
  if (first !== undefined && first !== "ray")
    throw refused(place, `"${first}" before python is not read`);
  if (first === "ray" && wrapper.at(-1) !== "--")
    throw refused(place, `"${wrapper.at(-1) ?? ""}" between ray and python is not read`);
  return {
    argv: launch.slice(at + 1),
    program: launch[at] ?? "",
    ...withRuntimeVariables(environment, wrapper, place),
    skipped,
  };
}

function withRuntimeVariables(
  exported: Readonly<Record<string, string>>,
  wrapper: readonly string[],
  place: Place,
): Pick<LaunchScript, "environment" | "unknownEnvironment"> {
  const all = Object.entries({ ...exported, ...runtimeVariables(wrapper, place) });
  const known = ([, value]: [string, string]): boolean => !value.includes(UNKNOWN);
  return {
    environment: Object.fromEntries(all.filter(known)),
    unknownEnvironment: all.filter((entry) => !known(entry)).map(([name]) => name),
  };
}

function runtimeVariables(wrapper: readonly string[], place: Place): Record<string, string> {
  const index = wrapper.findIndex((word) => word.startsWith("--runtime-env-json"));
  if (index === -1) return {};
  const [, inline] = /^--runtime-env-json=([\s\S]*)$/.exec(wrapper[index] ?? "") ?? [];
  const json = inline ?? wrapper[index + 1] ?? "";
  // A value that is not known at all leaves nothing to read.
  if (json === UNKNOWN) return {};
  try {
    const text = json.replaceAll(UNKNOWN, String.raw`\u0000`);
    return runtimeEnvSchema.parse(JSON.parse(text)).env_vars;
  } catch {
    throw refused(place, "--runtime-env-json is not JSON with texts in env_vars");
  }
}
