import { join } from "node:path";
import {
  hfSources,
  isOptimizerState,
  openHfModel,
  openTorchDist,
  tensorBytes,
  writeHfModel,
  type HfModel,
  type TensorSource,
  type TorchDist,
} from "@moonlight-rl/checkpoint";
import { VerificationError, type Emit } from "@moonlight-rl/core";
import { megatronTensors } from "@moonlight-rl/model";
import type { Artifact, StageContext } from "@moonlight-rl/pipeline";
import { byteProgress } from "../progress.ts";
import { copyCompanions } from "./copy-companions.ts";

/** Writes the weights of a checkpoint as Hugging Face safetensors beside the source model's config and tokenizer. */
export async function toHfModel(
  trained: Artifact<"torch-dist">,
  source: Artifact<"hf-model">,
  { scratch, emit, signal, publish }: StageContext,
): Promise<Artifact<"hf-model">> {
  const original = await openHfModel(source.path);
  const checkpoint = await openTorchDist(trained.path);
  try {
    checkDtypes(checkpoint, original);
    const sources = hfSources(
      original.config,
      checkpoint,
      (name) => original.tensors.get(name)?.dtype,
    );
    checkKeys(checkpoint, sources, emit);
    const folder = join(scratch, "hf-model");
    const total = sources.reduce((sum, { shape, dtype }) => sum + tensorBytes(shape, dtype), 0);
    const written = await writeHfModel(folder, {
      tensors: sources,
      maxShardBytes: largestShard(original),
      finiteHint: "Training went wrong before this checkpoint was saved: take an earlier one.",
      signal,
      onBytes: byteProgress("write safetensors", total, emit),
    });
    await copyCompanions(source.path, folder);
    const digests = Object.fromEntries(
      written.map(({ path, size, sha256 }) => [path, { size, sha256 }]),
    );
    return await publish("hf-model", folder, { meta: {}, digests });
  } finally {
    await checkpoint.close();
  }
}

function checkDtypes({ others, folder }: TorchDist, { config }: HfModel): void {
  const known = new Set(megatronTensors(config).map(({ key }) => key));
  for (const [key, dtype] of others) {
    if (known.has(key))
      throw new VerificationError("TENSOR_DTYPE", `${key} is stored as ${dtype}.`, {
        field: key,
        file: folder,
        hint: "Weights are read as bfloat16, float16 or float32.",
      });
  }
}

/** Beside the model's tensors a checkpoint may only hold what training needs; that is left out and counted. */
function checkKeys(
  { tensors, others, folder }: TorchDist,
  sources: readonly TensorSource[],
  emit: Emit,
): void {
  const known = new Set(
    sources.map(({ stored }) => (stored?.place.type === "region" ? stored.place.key : "")),
  );
  const further = [...tensors.keys(), ...others.keys()].filter((key) => !known.has(key));
  const unexpected = further.find((key) => !isOptimizerState(key));
  if (unexpected !== undefined) {
    throw new VerificationError(
      "TENSOR_UNEXPECTED",
      `${unexpected} is not a tensor of this architecture.`,
      {
        field: unexpected,
        file: folder,
        hint: "It would be lost in the conversion: does the source's config.json belong to this checkpoint?",
      },
    );
  }
  if (further.length > 0)
    emit({
      type: "log",
      message: `left out ${further.length} entries that are no weights (optimizer, extra and random states)`,
    });
}

/** One file stays one file, and shards get the size that the source's have: then equal weights give equal files. */
function largestShard({ files, tensors }: HfModel): number {
  if (files.length === 1) return Number.POSITIVE_INFINITY;
  const sizes = new Map<string, number>();
  for (const { file, byteLength } of tensors.values())
    sizes.set(file, (sizes.get(file) ?? 0) + byteLength);
  return Math.max(...sizes.values());
}
