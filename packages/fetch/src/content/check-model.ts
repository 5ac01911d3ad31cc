import { join } from "node:path";
import { readJson, VerificationError } from "@moonlight-rl/core";
import { openHfModel } from "@moonlight-rl/checkpoint";
import { hfConfigSchema } from "@moonlight-rl/model";

/** Whether config.json describes a model that the pipeline can train; asked before gigabytes are fetched. */
export async function checkConfig(folder: string): Promise<void> {
  await readJson(join(folder, "config.json"), hfConfigSchema, {
    what: "config.json",
    code: "MODEL_CONFIG_INVALID",
  });
}

/** Headers of all shards parse, and index and shards name the same tensors. Data of tensors is not read. */
export async function checkWeights(folder: string): Promise<{ tensors: number; bytes: number }> {
  const model = await openHfModel(folder);
  let bytes = 0;
  for (const tensor of model.tensors.values()) bytes += tensor.byteLength;
  if (model.tensors.size > 0) return { tensors: model.tensors.size, bytes };
  throw new VerificationError("MODEL_EMPTY", `${folder} has no tensors.`, { file: folder });
}
