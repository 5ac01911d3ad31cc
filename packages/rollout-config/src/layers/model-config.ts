import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { MOONLIGHT_16B_A3B, parseHfConfig, type HfConfig } from "@moonlight-rl/model";
import type { Artifact } from "@moonlight-rl/pipeline";
import type { ProfileName } from "@moonlight-rl/recipe";
import { z } from "zod";

/** The model's config.json: of the given checkpoint, else what the profile's model is known to have; undefined: unknown. */
export async function modelConfig(
  profile: ProfileName,
  model: Artifact<"hf-model"> | undefined,
): Promise<HfConfig | undefined> {
  if (model !== undefined) {
    const file = join(model.path, "config.json");
    return parseHfConfig(await readJson(file, z.unknown(), { what: "config.json" }), file);
  }
  return profile === "moonlight-16b-a3b" ? MOONLIGHT_16B_A3B : undefined;
}
