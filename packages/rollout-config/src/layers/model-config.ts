import { readModelConfig, type ModelConfig } from "@moonlight-rl/miles";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import type { Artifact } from "@moonlight-rl/pipeline";
import type { ProfileName } from "@moonlight-rl/recipe";

/** The model's config.json: of the given checkpoint, else what the profile's model is known to have; undefined: unknown. */
export async function modelConfig(
  profile: ProfileName,
  model: Artifact<"hf-model"> | undefined,
): Promise<ModelConfig | undefined> {
  if (model !== undefined) return await readModelConfig(model.path);
  return profile === "moonlight-16b-a3b" ? { hfConfig: MOONLIGHT_16B_A3B } : undefined;
}
