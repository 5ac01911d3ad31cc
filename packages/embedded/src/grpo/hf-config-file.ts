import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { hfConfigSchema, type HfConfig } from "@moonlight-rl/model";

/** The `config.json` of a model folder. */
export function openHfConfig(modelDir: string): Promise<HfConfig> {
  return readJson(join(modelDir, "config.json"), hfConfigSchema, {
    what: "config.json",
    code: "MODEL_CONFIG_INVALID",
  });
}
