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
export type { WrittenFile } from "./file-writer.ts";
export { openHfModel, type HfModel } from "./hf-model/open.ts";
export { writeHfModel, type WriteHfModelOptions } from "./hf-model/write.ts";
export type { TensorInfo } from "./safetensors/header.ts";
export { readSafetensorsHeader } from "./safetensors/open.ts";
export { writeSafetensors } from "./safetensors/write.ts";
export type { TensorContent, TensorSource } from "./tensor-source.ts";
