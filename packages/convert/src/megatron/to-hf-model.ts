import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  contentBlocks,
  hasNonFinite,
  hfSources,
  openHfModel,
  openTorchDist,
  tensorBytes,
  writeHfModel,
  type TensorSource,
} from "@moonlight-rl/checkpoint";
import { removePath, syncFile, VerificationError } from "@moonlight-rl/core";
import { megatronTensors } from "@moonlight-rl/model";
import type { Artifact, StageContext } from "@moonlight-rl/pipeline";
import { byteProgress } from "../progress.ts";
import { isOptimizerState } from "./optimizer-state.ts";

/** Not part of a model: weights are written anew, the manifest and the provenance are the artifact's own. */
const NOT_COPIED = /\.safetensors(\.index\.json)?$|^(manifest|provenance)\.json$/;

/** Writes the weights of a checkpoint as Hugging Face safetensors beside the source model's config and tokenizer. */
export async function toHfModel(
  trained: Artifact<"torch-dist">,
  source: Artifact<"hf-model">,
  { scratch, emit, signal, publish }: StageContext,
): Promise<Artifact<"hf-model">> {
  const original = await openHfModel(source.path);
  const checkpoint = await openTorchDist(trained.path);
  try {
    const known = new Set(megatronTensors(original.config).map(({ key }) => key));
    const others = [...checkpoint.tensors.keys()].filter((key) => !known.has(key));
    const unexpected = others.find((key) => !isOptimizerState(key));
    if (unexpected !== undefined) {
      throw new VerificationError(
        "TENSOR_UNEXPECTED",
        `${unexpected} is not a tensor of this architecture.`,
        {
          field: unexpected,
          file: checkpoint.folder,
          hint: "It would be lost in the conversion: does the source's config.json belong to this checkpoint?",
        },
      );
    }
    if (others.length > 0)
      emit({ type: "log", message: `left out ${others.length} tensors of the optimizer` });
    const sources = hfSources(
      original.config,
      checkpoint,
      (name) => original.tensors.get(name)?.dtype,
    );
    const folder = join(scratch, "hf-model");
    await removePath(folder);
    await mkdir(folder, { recursive: true });
    const total = sources.reduce((sum, { shape, dtype }) => sum + tensorBytes(shape, dtype), 0);
    const onBytes = byteProgress("write safetensors", total, emit);
    const written = await writeHfModel(folder, {
      tensors: sources.map((tensor) => checked(tensor, onBytes, signal)),
    });
    for (const name of await readdir(source.path)) {
      if (NOT_COPIED.test(name)) continue;
      await copyFile(join(source.path, name), join(folder, name));
      await syncFile(join(folder, name));
    }
    const digests = Object.fromEntries(
      written.map(({ path, size, sha256 }) => [path, { size, sha256 }]),
    );
    return await publish("hf-model", folder, { meta: {}, digests });
  } finally {
    await checkpoint.close();
  }
}

function checked(
  tensor: TensorSource,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): TensorSource {
  return { ...tensor, read: () => scan(tensor, onBytes, signal) };
}

async function* scan(
  tensor: TensorSource,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const block of contentBlocks(tensor.read())) {
    signal.throwIfAborted();
    if (hasNonFinite(block, tensor.dtype)) {
      throw new VerificationError("TENSOR_NOT_FINITE", `${tensor.name} holds NaN or infinity.`, {
        field: tensor.name,
        hint: "Training went wrong before this checkpoint was saved: take an earlier one.",
      });
    }
    onBytes(block.byteLength);
    yield block;
  }
}
