import type { Recipe } from "@moonlight-rl/recipe";

/**
 * Environment variables of the Ray job (`env_vars` of its runtime environment), as the reference's launchers
 * set them; `runtime.env` wins.
 *
 * @param nvls whether NCCL may use NVLink SHARP where the recipe leaves that to be detected
 */
export function runtimeEnv(recipe: Recipe, nvls: boolean): Record<string, string> {
  const { precision, runtime } = recipe;
  const on = runtime.nvls === "detect" ? nvls : runtime.nvls === "on";
  return {
    PYTHONPATH: runtime.megatronPath,
    CUDA_DEVICE_MAX_CONNECTIONS: "1",
    NCCL_NVLS_ENABLE: on ? "1" : "0",
    ...(precision.mode === "int4-qat"
      ? {
          OPEN_TRAINING_INT4_FAKE_QAT_FLAG: "1",
          OPEN_TRAINING_INT4_GROUP_SIZE: String(precision.int4GroupSize),
        }
      : {}),
    ...runtime.env,
  };
}
