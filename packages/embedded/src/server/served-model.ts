import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { PreflightError, readJson } from "@moonlight-rl/core";
import { parseHfConfig, type HfConfig } from "@moonlight-rl/model";
import { loadTokenizer, type Tokenizer } from "@moonlight-rl/tokenizer";
import { z } from "zod";
import { loadParameters, loadTorchDistParameters } from "../engine/load-parameters.ts";

/** Weights and tokenizer of a model. */
export interface ServedModel {
  /** The model folder's own name. */
  readonly name: string;
  readonly path: string;
  readonly config: HfConfig;
  readonly parameters: Float32Array;
  readonly tokenizer: Tokenizer;
}

/**
 * Opens a Hugging Face folder, or a torch_dist checkpoint with the model folder that has its config and tokenizer. Throws
 * `SERVE_MODEL_NEEDED` for a checkpoint without that folder, and what reading either throws.
 */
export async function openServedModel(checkpoint: string, model?: string): Promise<ServedModel> {
  const path = resolve(checkpoint);
  const config = join(path, "config.json");
  const folder = resolve(model ?? checkpoint);
  if (!existsSync(path)) {
    throw new PreflightError("SERVE_CHECKPOINT_MISSING", `${path} does not exist.`, {
      file: path,
      hint: "Name a Hugging Face model folder or a torch_dist checkpoint.",
    });
  }
  const isHf = existsSync(config);
  if (!isHf && model === undefined) {
    throw new PreflightError(
      "SERVE_MODEL_NEEDED",
      `${path} has no config.json: a torch_dist checkpoint needs the model that it was trained from.`,
      { file: config, hint: "Add --model with the model's folder (config.json and tokenizer)." },
    );
  }
  const tokenizer = await loadTokenizer(folder);
  const loaded = isHf ? await loadParameters(path) : await fromTorchDist(path, folder);
  return { name: basename(folder), path, tokenizer, ...loaded };
}

async function fromTorchDist(
  path: string,
  model: string,
): Promise<Pick<ServedModel, "config" | "parameters">> {
  const file = join(model, "config.json");
  const config = parseHfConfig(await readJson(file, z.unknown(), { what: "config.json" }), file);
  return { config, parameters: await loadTorchDistParameters(config, path) };
}
