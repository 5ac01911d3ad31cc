import { MoonlightError } from "@moonlight-rl/core";
import { instantiateAdam, PAGE, type AdamKernel } from "../kernels/kernels.ts";
import type { OptimizerSettings, ParameterLayout } from "./types.ts";

const FLOAT = 4;
/** Arrays begin at multiples of a cache line. */
const ALIGNMENT = 64;

/** L2 norm over all trainable parameters. */
export function gradientNorm(layout: ParameterLayout, gradient: Float32Array): number {
  let sum = 0;
  for (const { offset, size, trainable } of layout.entries) {
    if (!trainable) continue;
    for (let i = offset; i < offset + size; i++) sum += (gradient[i] as number) ** 2;
  }
  return Math.sqrt(sum);
}

/** Factor that brings a gradient of this norm down to `limit`, as Megatron computes it; 1 when it is within. */
export function clipFactor(norm: number, limit: number): number {
  return limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1;
}

/** The flat arrays of a model that AdamW works on, in a memory of their own. Throws `ENGINE_MEMORY`. */
export class AdamState {
  readonly parameters: Float32Array;
  readonly expAvg: Float32Array;
  readonly expAvgSq: Float32Array;
  readonly gradient: Float32Array;
  readonly #layout: ParameterLayout;
  readonly #adam: AdamKernel;

  constructor(layout: ParameterLayout) {
    this.#layout = layout;
    const bytes = Math.ceil((layout.total * FLOAT) / ALIGNMENT) * ALIGNMENT;
    const memory = fixedMemory(4 * bytes);
    const array = (index: number): Float32Array =>
      new Float32Array(memory.buffer, index * bytes, layout.total);
    this.parameters = array(0);
    this.expAvg = array(1);
    this.expAvgSq = array(2);
    this.gradient = array(3);
    this.#adam = instantiateAdam(memory);
  }

  /**
   * One AdamW step in place, `step` counted from 1. As in Megatron, one-dimensional parameters (norm gains) are not
   * decayed. Arithmetic is double, storage single precision.
   */
  step(gradientFactor: number, step: number, settings: OptimizerSettings): void {
    const { lr, weightDecay, adamBeta1: beta1, adamBeta2: beta2, adamEps: epsilon } = settings;
    const stepSize = lr / (1 - beta1 ** step);
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
    for (const { offset, size, shape, trainable } of this.#layout.entries) {
      if (!trainable) continue;
      const at = ({ byteOffset }: Float32Array): number => byteOffset + offset * FLOAT;
      this.#adam(
        at(this.parameters),
        at(this.expAvg),
        at(this.expAvgSq),
        at(this.gradient),
        size,
        gradientFactor,
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        stepSize,
        rootCorrection,
        epsilon,
        1 - (shape.length > 1 ? lr * weightDecay : 0),
      );
    }
  }
}

/** Memory that is never grown, so that arrays in it stay where they are. */
function fixedMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new MoonlightError(
      "ENGINE_MEMORY",
      `The trainer needs ${bytes} bytes for weights, gradient and optimizer, which there are not.`,
      { cause, hint: "Train a smaller model here, or this one on the miles backend." },
    );
  }
}
