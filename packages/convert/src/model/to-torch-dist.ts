import { join } from "node:path";
import {
  extraStateKeys,
  megatronArgs,
  megatronSources,
  openHfModel,
  openTorchDist,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { VerificationError } from "@moonlight-rl/core";
import { megatronTensors, type HfConfig } from "@moonlight-rl/model";
import type { Artifact, StageContext } from "@moonlight-rl/pipeline";
import { byteProgress } from "../progress.ts";
import { checkTensors } from "./check-model.ts";

/** Writes a model as the `release` of a torch_dist checkpoint and reads every chunk of it back before it is published. */
export async function toTorchDistCheckpoint(
  source: Artifact<"hf-model">,
  { extraState }: { readonly extraState: boolean },
  { scratch, emit, signal, publish }: StageContext,
): Promise<Artifact<"torch-dist">> {
  const model = await openHfModel(source.path);
  checkTensors(model);
  const folder = join(scratch, "torch-dist");
  const bytes = [...model.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const written = await writeTorchDist(folder, {
    iteration: "release",
    tensors: megatronSources(model.config, {
      dtypeOf: (name) => model.dtypeOf(name),
      read: (name) => model.blocks(name),
      stored: (name) => model.stored(name),
    }),
    args: megatronArgs(model.config),
    extraStates: extraState ? extraStateKeys(model.config) : [],
    finiteHint: "Weights like these train to nothing: check where the model comes from.",
    signal,
    onBytes: byteProgress("write torch_dist", bytes, emit),
  });
  await checkReadable(folder, model.config);
  const digests = Object.fromEntries(
    written.map(({ path, size, sha256 }) => [path, { size, sha256 }]),
  );
  return publish("torch-dist", folder, { meta: { iteration: "release" }, digests });
}

/** Opens what was written as a loader would; its chunks were read already. The keys are the catalogue's and no others. */
async function checkReadable(folder: string, config: HfConfig): Promise<void> {
  const checkpoint = await openTorchDist(folder);
  await checkpoint.close();
  const wanted = new Map(megatronTensors(config).map(({ key, shape }) => [key, shape]));
  const wrong =
    [...wanted].find(
      ([key, shape]) => checkpoint.tensors.get(key)?.shape.join() !== shape.join(),
    )?.[0] ?? [...checkpoint.tensors.keys()].find((key) => !wanted.has(key));
  if (wrong !== undefined)
    throw new VerificationError("CONVERT_READ_BACK", `${wrong} was not written as it should be.`, {
      field: wrong,
      file: folder,
    });
}
