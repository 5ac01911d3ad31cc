export { hfConfigSchema, parseHfConfig, type HfConfig } from "./hf-config.ts";
export { MOONLIGHT_16B_A3B } from "./moonlight-16b-a3b.ts";
export {
  countParameters,
  hfTensors,
  megatronTensors,
  type HfTensor,
  type MegatronChunk,
  type MegatronTensor,
} from "./tensor-catalogue.ts";
