import { createCipheriv } from "node:crypto";
import { tensorBytes, type Dtype, type TensorSource } from "@moonlight-rl/checkpoint";
import { hfConfigSchema, hfTensors, type HfConfig } from "@moonlight-rl/model";
import { z } from "zod";

/** The tiny model's configuration, with experts so wide that all weights together have about `size` bytes. */
export function wideConfig(tiny: unknown, size: number): Record<string, unknown> {
  const base = z.record(z.string(), z.unknown()).parse(tiny);
  const withWidth = (width: number): Record<string, unknown> => ({
    ...base,
    hidden_size: 2048,
    n_routed_experts: 64,
    moe_intermediate_size: width,
  });
  const bytes = (width: number): number =>
    hfTensors(hfConfigSchema.parse(withWidth(width))).reduce(
      (sum, { name, shape }) => sum + tensorBytes(shape, dtypeOf(name)),
      0,
    );
  // Bytes grow in a straight line with the width.
  const perColumn = bytes(2) - bytes(1);
  return withWidth(Math.max(1, Math.round((size - bytes(1)) / perColumn) + 1));
}

/** As in the real checkpoint: only the router's bias is not bfloat16. */
function dtypeOf(name: string): Dtype {
  return name.endsWith("e_score_correction_bias") ? "F32" : "BF16";
}

/** Every tensor of the architecture, filled with noise from a fixed seed: nothing compresses. */
export function tensorSources(config: HfConfig, signal: AbortSignal): TensorSource[] {
  const noise = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16, 9));
  return hfTensors(config).map(({ name, shape }) => {
    const dtype = dtypeOf(name);
    return {
      name,
      dtype,
      shape,
      async *read() {
        const zeros = Buffer.alloc(1 << 20);
        for (let left = tensorBytes(shape, dtype); left > 0; left -= zeros.length) {
          signal.throwIfAborted();
          yield noise.update(zeros.subarray(0, Math.min(left, zeros.length)));
        }
      },
    };
  });
}
