import { dirname, join } from "node:path";
import { readJson, throwIfAborted, UsageError, VerificationError } from "@moonlight-rl/core";
import { hfConfigSchema } from "@moonlight-rl/model";
import { elementCount, type Dtype } from "../dtype.ts";
import { namePattern } from "../inspect/inspect.ts";
import { openTensorStore } from "../inspect/open-store.ts";
import type { TensorStore } from "../inspect/tensor-store.ts";
import { hfSources } from "../megatron/catalogue-sources.ts";
import { isOptimizerState } from "../megatron/training-state.ts";
import { contentBlocks } from "../tensor-source.ts";
import { wholeRegion } from "../torch-dist/region.ts";
import { compareBlocks, type Difference } from "./compare-blocks.ts";

interface Side {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface TensorDifference extends Partial<Difference> {
  readonly name: string;
  /** `values`: beyond the tolerance; the others say what is not comparable or not the same. */
  readonly status: "equal" | "values" | "dtype" | "shape" | "only-a" | "only-b";
  readonly a?: Side;
  readonly b?: Side;
}

export interface DiffOptions {
  /** Folder of the `config.json` that maps Megatron's keys; default: the Hugging Face side's own. */
  readonly model?: string;
  readonly filter?: string;
  /** Largest |a − b| that still counts as equal; 0: the bits must be equal. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

interface Content extends Side {
  blocks(): AsyncIterable<Uint8Array>;
}

/**
 * Compares two checkpoints tensor by tensor, in blocks. Across formats the Megatron side is read under its Hugging Face names,
 * and another dtype alone is no difference (Megatron keeps the router's bias in float32). Errors: those of the readers;
 * `DIFF_CONFIG_MISSING` when there is no `config.json` to map the names with.
 */
export async function diffCheckpoints(
  a: string,
  b: string,
  options: DiffOptions = {},
): Promise<TensorDifference[]> {
  const left = await openTensorStore(a);
  try {
    const right = await openTensorStore(b);
    try {
      return await compareStores(left, right, options);
    } finally {
      await right.close();
    }
  } finally {
    await left.close();
  }
}

async function compareStores(
  left: TensorStore,
  right: TensorStore,
  options: DiffOptions,
): Promise<TensorDifference[]> {
  const across = left.format !== right.format;
  const configFile =
    options.model === undefined
      ? (left.configFile ?? right.configFile)
      : join(options.model, "config.json");
  const contents = (store: TensorStore): Promise<Map<string, Content>> =>
    across && store.checkpoint !== undefined
      ? hfContents(store, configFile)
      : Promise.resolve(ownContents(store, across));
  const [mine, yours] = [await contents(left), await contents(right)];
  const matches = namePattern(options.filter ?? "*");
  const names = [...new Set([...mine.keys(), ...yours.keys()])].filter(matches);
  const result: TensorDifference[] = [];
  for (const name of names) {
    throwIfAborted(options.signal);
    result.push(await compareTensor(name, mine.get(name), yours.get(name), across, options));
  }
  return result;
}

function ownContents(store: TensorStore, weightsOnly: boolean): Map<string, Content> {
  return new Map(
    [...store.tensors]
      .filter(([name]) => !weightsOnly || !isOptimizerState(name))
      .map(([name, { dtype, shape }]): [string, Content] => [
        name,
        { dtype, shape, blocks: () => store.blocks(name, wholeRegion(shape)) },
      ]),
  );
}

async function hfContents(
  { checkpoint, folder }: TensorStore,
  configFile: string | undefined,
): Promise<Map<string, Content>> {
  if (configFile === undefined || checkpoint === undefined)
    throw new UsageError(
      "DIFF_CONFIG_MISSING",
      "Comparing safetensors with a torch_dist checkpoint needs the model's config.json.",
      { file: dirname(folder), field: "model", hint: "Give its folder with --model." },
    );
  const config = await readJson(configFile, hfConfigSchema, {
    what: "config.json",
    code: "MODEL_CONFIG_INVALID",
  });
  return new Map(
    hfSources(config, checkpoint).map((source): [string, Content] => [
      source.name,
      {
        dtype: source.dtype,
        shape: source.shape,
        blocks: () => contentBlocks(source.read()),
      },
    ]),
  );
}

async function compareTensor(
  name: string,
  a: Content | undefined,
  b: Content | undefined,
  across: boolean,
  { tolerance = 0, signal, onBytes }: DiffOptions,
): Promise<TensorDifference> {
  const side = ({ dtype, shape }: Content): Side => ({ dtype, shape });
  if (a === undefined || b === undefined) {
    if (a !== undefined) return { name, status: "only-a", a: side(a) };
    if (b !== undefined) return { name, status: "only-b", b: side(b) };
    throw new VerificationError("TENSOR_MISSING", `${name} is on neither side.`, { field: name });
  }
  const sides = { name, a: side(a), b: side(b) };
  if (a.shape.join() !== b.shape.join()) return { ...sides, status: "shape" };
  if (elementCount(a.shape) === 0) return { ...sides, status: "equal" };
  const difference = await compareBlocks(
    { dtype: a.dtype, blocks: a.blocks() },
    { dtype: b.dtype, blocks: b.blocks() },
    (bytes) => {
      throwIfAborted(signal);
      onBytes?.(bytes);
    },
  );
  const { differing, maxAbs, nonFinite } = difference;
  const apart = tolerance === 0 ? differing > 0 : nonFinite > 0 || maxAbs > tolerance;
  const status = apart ? "values" : a.dtype !== b.dtype && !across ? "dtype" : "equal";
  return { ...sides, ...difference, status };
}
