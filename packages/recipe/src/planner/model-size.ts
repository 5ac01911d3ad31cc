import { countParameters, megatronTensors, type HfConfig } from "@moonlight-rl/model";

/** The catalogue of tensors boiled down to what a plan reads. */
export interface ModelSize {
  /** Elements of the whole model, and of what one token passes through. */
  readonly total: number;
  readonly activated: number;
  /** Every tensor's Megatron key and elements. */
  readonly tensors: readonly { readonly key: string; readonly elements: number }[];
}

const known = new WeakMap<HfConfig, ModelSize>();

/** Computed once per configuration: a plan asks for it many times, and the catalogue has thousands of entries. */
export function modelSize(config: HfConfig): ModelSize {
  const before = known.get(config);
  if (before !== undefined) return before;
  const tensors = megatronTensors(config);
  const size = {
    ...countParameters(config, tensors),
    tensors: tensors.map(({ key, shape }) => ({
      key,
      elements: shape.reduce((a, b) => a * b, 1),
    })),
  };
  known.set(config, size);
  return size;
}
