import { join } from "node:path";
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  openTorchDist,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { removePath, VerificationError } from "@moonlight-rl/core";
import { megatronTensors } from "@moonlight-rl/model";
import type { Artifact, StageContext } from "@moonlight-rl/pipeline";
import { byteProgress } from "../progress.ts";
import { checkTensors, finiteBlocks } from "./check-model.ts";

/** Writes a model as the `release` of a torch_dist checkpoint and reads every chunk of it back before it is published. */
export async function toTorchDistCheckpoint(
  source: Artifact<"hf-model">,
  { scratch, emit, signal, publish }: StageContext,
): Promise<Artifact<"torch-dist">> {
  const model = await openHfModel(source.path);
  checkTensors(model);
  const folder = join(scratch, "torch-dist");
  await removePath(folder);
  const bytes = [...model.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const written = await writeTorchDist(folder, {
    iteration: "release",
    tensors: megatronSources(model.config, {
      dtypeOf: (name) => model.tensors.get(name)?.dtype,
      read: (name) => finiteBlocks(model, name),
    }),
    args: megatronArgs(model.config),
    signal,
    onBytes: byteProgress("write torch_dist", bytes, emit),
  });
  await readBack(folder, model.config, byteProgress("read back", bytes, emit), signal);
  const digests = Object.fromEntries(
    written.map(({ path, size, sha256 }) => [path, { size, sha256 }]),
  );
  return publish("torch-dist", folder, { meta: { iteration: "release" }, digests });
}

/** Opens what was written as a loader would: the keys of the catalogue and no others, shapes, coverage, sizes, CRCs. */
async function readBack(
  folder: string,
  config: Parameters<typeof megatronTensors>[0],
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const checkpoint = await openTorchDist(folder);
  try {
    const wanted = new Map(megatronTensors(config).map(({ key, shape }) => [key, shape]));
    const wrong =
      [...wanted].find(
        ([key, shape]) => checkpoint.tensors.get(key)?.shape.join() !== shape.join(),
      )?.[0] ?? [...checkpoint.tensors.keys()].find((key) => !wanted.has(key));
    if (wrong !== undefined)
      throw new VerificationError(
        "CONVERT_READ_BACK",
        `${wrong} was not written as it should be.`,
        { field: wrong, file: folder },
      );
    for (const [key, { chunks }] of checkpoint.tensors) {
      for (const chunk of chunks) {
        signal.throwIfAborted();
        for await (const block of checkpoint.regionBlocks(key, chunk)) onBytes(block.byteLength);
      }
    }
  } finally {
    await checkpoint.close();
  }
}
