import { wasmModule } from "../wasm/module.ts";
import { adam } from "./adam.ts";
import { linear, type LinearKind } from "./linear.ts";
import { mix } from "./mix.ts";
import { norm } from "./norm.ts";
import { softmax } from "./softmax.ts";

/** Most memory that a model can have: WebAssembly's addresses have 32 bits. */
export const MAX_PAGES = 65_536;
export const PAGE = 65_536;

type Linear = (
  xTable: number,
  yTable: number,
  rows: number,
  length: number,
  matrix: number,
  panels: number,
  factors: number,
) => void;

/** What runs on the memory; the functions' own comments say what their parameters are. */
export interface Kernels extends Readonly<Record<LinearKind, Linear>> {
  readonly softmax: (
    address: number,
    rows: number,
    stride: number,
    count: number,
    factor: number,
  ) => void;
  readonly mix: (
    scores: number,
    scoresStride: number,
    heads: number,
    matrix: number,
    panelStride: number,
    panels: number,
    target: number,
    targetStride: number,
    count: number,
  ) => void;
  readonly norm: (
    xTable: number,
    yTable: number,
    rows: number,
    bytes: number,
    count: number,
    epsilon: number,
  ) => void;
}

/** Compiles the kernels for a memory. */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  const kinds: readonly LinearKind[] = ["linear", "linearAdd", "linearAddScaled", "linearSwiglu"];
  const bytes = wasmModule([...kinds.map(linear), softmax(), mix(), norm()], {
    shared: true,
    maxPages: MAX_PAGES,
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return exports as unknown as Kernels;
}

/** The function of {@link adam}; its comment says what the parameters are. */
export type AdamKernel = (
  ...parameters: readonly [
    parameters: number,
    first: number,
    second: number,
    gradient: number,
    count: number,
    factor: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    stepSize: number,
    correction: number,
    epsilon: number,
    keep: number,
  ]
) => void;

/** Compiles AdamW for a memory that is not shared. */
export function instantiateAdam(memory: WebAssembly.Memory): AdamKernel {
  const bytes = wasmModule([adam()], { shared: false, maxPages: MAX_PAGES });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return exports["adam"] as AdamKernel;
}
