import { z } from "zod";
import { field } from "./field-facts.ts";

const variables = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string());

/** The processes' surroundings. miles only. */
export const runtimeSchema = z.strictObject({
  megatronPath: field(
    z.string().min(1),
    "Megatron-LM's folder on the workers; becomes PYTHONPATH of the Ray job.",
    { source: "scripts/run-moonlight-16B-A3B.sh" },
  ),
  nvls: field(
    z.enum(["detect", "on", "off"]),
    "NVLink SHARP of NCCL (NCCL_NVLS_ENABLE); detect asks nvidia-smi where the job is started.",
    { source: "scripts/run-moonlight-16B-A3B.sh" },
  ),
  env: field(
    variables,
    "Further environment variables of the Ray job; they win over those that the recipe sets. Ray replaces $NAME in a value by the variable of the node. No secrets: they are stored.",
    { usual: {} },
  ),
  trainEnv: field(variables, "Environment variables of the trainer's actors only.", {
    flag: "--train-env-vars",
    usual: {},
    source: "A:305",
  }),
  extraArgs: field(
    z.array(z.string()),
    "Further arguments of miles at the end of the argv, for flags that the recipe has no field for; they win.",
    { usual: [] },
  ),
  omitFlags: field(
    z.array(z.string()),
    "Flags that the argv leaves out although the recipe would say them, as an imported argv did.",
    { usual: [] },
  ),
});
