import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { parseHfConfig, type HfConfig } from "@moonlight-rl/model";
import { z } from "zod";
import { floatPaths } from "./argv/float-paths.ts";

/** A model's shape as its checkpoint's config.json gives it. */
export interface ModelConfig {
  readonly hfConfig: HfConfig;
  /** Where the file writes a number as a float; absent where there is no file. */
  readonly hfFloats?: ReadonlySet<string>;
}

/**
 * The config.json in a checkpoint's folder.
 *
 * @throws PreflightError FILE_UNREADABLE; UsageError INVALID_JSON, MODEL_CONFIG_INVALID
 */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const file = join(folder, "config.json");
  const hfConfig = parseHfConfig(await readJson(file, z.unknown(), { what: "config.json" }), file);
  return { hfConfig, hfFloats: floatPaths(await readFile(file, "utf8")) };
}
