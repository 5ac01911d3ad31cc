import { basename } from "node:path";
import { keyedPart, type RunRecord } from "@moonlight-rl/pipeline";
import { paramsSchema } from "../pipeline/params.ts";
import type { LoadedConfig } from "./load-config.ts";

/** The configuration as a run's record keeps it: without what does not change results (addresses), and without folders above the file. */
export function recordedConfig(loaded: LoadedConfig | undefined): Pick<RunRecord, "config"> {
  if (loaded === undefined) return {};
  const { run, inputs, pipelines, stages } = loaded.config;
  const values = {
    run: keyedPart(paramsSchema, run ?? {}),
    inputs: inputs ?? {},
    pipelines: Object.keys(pipelines ?? {}),
    stages: (stages ?? []).map(({ name }) => name),
  };
  // As JSON has it: a setting of `undefined` is none.
  return {
    config: { file: basename(loaded.file), values: JSON.parse(JSON.stringify(values)) as never },
  };
}
