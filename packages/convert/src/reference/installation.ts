import { stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { PreflightError, UsageError, validate } from "@moonlight-rl/core";
import type { StageContext } from "@moonlight-rl/pipeline";
import { z } from "zod";
import type { ReferenceSettings } from "./settings.ts";

/** Where the reference is and how its tools are started. */
export interface Installation {
  readonly python: string;
  readonly miles: string;
  readonly env: Readonly<Record<string, string>>;
}

export const TOOLS = {
  torch_dist: "tools/convert_hf_to_torch_dist.py",
  hf: "tools/convert_torch_dist_to_hf.py",
} as const;

/** Asked of the interpreter; nothing of the reference is imported for it, only looked for. */
const PROBE = `
import importlib.util, json
def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
found = {name: has(name) for name in ("torch", "megatron.core", "mbridge", "transformer_engine", "safetensors")}
gpus = 0
if found["torch"]:
    import torch
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
print(json.dumps({"modules": found, "gpus": gpus}))
`;
const answerSchema = z.object({
  modules: z.record(z.string(), z.boolean()),
  gpus: z.int().nonnegative(),
});
const NEEDED = {
  torch_dist: ["torch", "megatron.core", "mbridge", "transformer_engine"],
  hf: ["torch", "safetensors"],
} as const;

/**
 * Looks whether the reference can convert here, before anything is written.
 *
 * @throws UsageError CONVERT_INPUT; PreflightError MILES_NOT_FOUND, MEGATRON_NOT_FOUND, COMMAND_NOT_FOUND, PYTHON_MODULES, GPUS_MISSING
 */
export async function findInstallation(
  direction: keyof typeof TOOLS,
  settings: ReferenceSettings,
  { exec }: Pick<StageContext, "exec">,
): Promise<Installation & { readonly gpus: number }> {
  const miles = await folder("miles", settings.miles, TOOLS[direction], "MILES_NOT_FOUND");
  const megatron = await folder(
    "megatron",
    settings.megatron,
    "megatron/core",
    "MEGATRON_NOT_FOUND",
  );
  const path = [megatron, miles, process.env["PYTHONPATH"] ?? ""].filter((part) => part !== "");
  // One launch of a CUDA queue, which Megatron's overlapping asks for.
  const env = { PYTHONPATH: path.join(delimiter), CUDA_DEVICE_MAX_CONNECTIONS: "1" };
  const { python } = settings;
  const { stdout } = await exec(python, ["-c", PROBE], { env });
  const { modules, gpus } = parseAnswer(stdout, python);
  const missing = NEEDED[direction].filter((name) => modules[name] !== true);
  if (missing.length > 0)
    throw new PreflightError("PYTHON_MODULES", `${python} has no ${missing.join(", ")}.`, {
      field: "python",
      hint: "Name the interpreter of the environment that miles runs in, or use --backend native, which needs none of it.",
    });
  const wanted = settings.gpus ?? 1;
  if (direction === "torch_dist" && gpus < wanted)
    throw new PreflightError("GPUS_MISSING", `${gpus} GPUs are to be seen, ${wanted} are needed.`, {
      field: "gpus",
      hint: "The reference converts on GPUs only; --backend native needs none.",
    });
  return { python, miles, env, gpus: settings.gpus ?? gpus };
}

async function folder(
  field: "miles" | "megatron",
  path: string | undefined,
  inside: string,
  code: string,
): Promise<string> {
  if (path === undefined)
    throw new UsageError("CONVERT_INPUT", `--backend megatron needs --${field}.`, {
      field,
      hint: "It is a folder with the sources that the environment was installed from.",
    });
  const whole = resolve(path);
  const there = await stat(join(whole, inside)).catch(() => undefined);
  if (there === undefined)
    throw new PreflightError(code, `${whole} holds no ${inside}.`, { field, file: whole });
  return whole;
}

function parseAnswer(stdout: string, python: string): z.output<typeof answerSchema> {
  const line = stdout.trim().split("\n").at(-1) ?? "";
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    // What is not JSON fails the schema, which says so.
  }
  return validate(answerSchema, json, { what: `answer of ${python}`, code: "PYTHON_ANSWER" });
}
