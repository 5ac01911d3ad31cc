export {
  DTYPES,
  elementCount,
  fromFloat32,
  hasNonFinite,
  itemSize,
  tensorBytes,
  toFloat32,
  type Dtype,
} from "./dtype.ts";
export { catalogueFaults, nameFaults, type CatalogueFault } from "./hf-model/catalogue-check.ts";
export { openHfModel, type HfModel } from "./hf-model/open.ts";
export { writeHfModel, type WriteHfModelOptions } from "./hf-model/write.ts";
export type { TensorInfo } from "./safetensors/header.ts";
export { readSafetensorsHeader } from "./safetensors/open.ts";
export { writeSafetensors } from "./safetensors/write.ts";
export { contentBlocks, type TensorContent, type TensorSource } from "./tensor-source.ts";
export type { PlainObject } from "./torch-dist/common.ts";
export {
  iterationFolder,
  TRACKER_FILE,
  type ChunkSource,
  type Iteration,
  type Region,
  type ShardedTensorSource,
  type StoredChunk,
  type StoredTensor,
} from "./torch-dist/layout.ts";
export { readTracker } from "./torch-dist/find-iteration.ts";
export { readPlainState } from "./torch-dist/plain-state.ts";
export { openTorchDist, type TorchDist } from "./torch-dist/open.ts";
export { writeTorchDist, type WriteTorchDistOptions } from "./torch-dist/write.ts";
export type { StoredContent, StoredRange, StoredRegion } from "./transfer/stored-content.ts";
export type { TransferOptions } from "./transfer/transfer-files.ts";
export type { FileDigest } from "./transfer/write-planned-file.ts";
export type { WrittenFile } from "./written-file.ts";
export { hfSources, megatronSources, type NamedTensors } from "./megatron/catalogue-sources.ts";
export { extraStateKeys } from "./megatron/extra-states.ts";
export { megatronArgs } from "./megatron/megatron-args.ts";
export { isOptimizerState } from "./megatron/training-state.ts";
export {
  inspectCheckpoint,
  namePattern,
  type Inspection,
  type TensorReport,
} from "./inspect/inspect.ts";
export { verifyCheckpoint, type Verification, type VerifyOptions } from "./verify/verify.ts";
export type { Finding } from "./verify/finding.ts";
export { diffCheckpoints, type DiffOptions, type TensorDifference } from "./diff/diff.ts";
