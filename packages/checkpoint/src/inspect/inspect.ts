import { tensorBytes, type Dtype } from "../dtype.ts";
import type { PlainObject } from "../torch-dist/common.ts";
import type { Iteration } from "../torch-dist/layout.ts";
import { openTensorStore } from "./open-store.ts";
import type { TensorEntry, TensorStore } from "./tensor-store.ts";

export interface TensorReport {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Parts along each axis when they form a regular grid: `[2, 1]` is cut in two along the first axis. */
  readonly grid?: readonly number[];
  readonly chunks: number;
  readonly files: readonly string[];
}

export interface Inspection {
  readonly format: TensorStore["format"];
  readonly folder: string;
  readonly iteration?: Iteration;
  readonly args?: PlainObject;
  readonly tensors: readonly TensorReport[];
  /** Entries that are no floating-point tensors, with their type. */
  readonly others: Readonly<Record<string, string>>;
  /** Of the tensors shown. */
  readonly total: {
    tensors: number;
    chunks: number;
    elements: number;
    bytes: number;
    files: number;
  };
}

/** What a checkpoint holds, from headers and metadata alone. `filter`: a name pattern in which `*` is any text. */
export async function inspectCheckpoint(path: string, filter = "*"): Promise<Inspection> {
  const store = await openTensorStore(path);
  await store.close();
  const matches = namePattern(filter);
  const tensors = [...store.tensors].filter(([name]) => matches(name)).map(report);
  const { checkpoint, args } = store;
  const sum = (of: (tensor: TensorReport) => number): number =>
    tensors.reduce((total, tensor) => total + of(tensor), 0);
  return {
    format: store.format,
    folder: store.folder,
    ...(checkpoint === undefined ? {} : { iteration: checkpoint.iteration }),
    ...(args === undefined ? {} : { args }),
    tensors,
    others: Object.fromEntries([...(checkpoint?.others ?? [])].filter(([name]) => matches(name))),
    total: {
      tensors: tensors.length,
      chunks: sum(({ chunks }) => chunks),
      elements: sum(({ shape }) => shape.reduce((a, b) => a * b, 1)),
      bytes: sum(({ bytes }) => bytes),
      files: new Set(tensors.flatMap(({ files }) => files)).size,
    },
  };
}

/** Whether a name matches a pattern in which `*` stands for any text; without backtracking, so no pattern is slow. */
export function namePattern(pattern: string): (name: string) => boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (name) => name === first;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}

function report([name, { dtype, shape, parts }]: [string, TensorEntry]): TensorReport {
  const grid = shape.map((_, axis) => new Set(parts.map(({ offsets }) => offsets[axis])).size);
  const regular = grid.reduce((a, b) => a * b, 1) === parts.length;
  return {
    name,
    dtype,
    shape,
    bytes: tensorBytes(shape, dtype),
    ...(regular ? { grid } : {}),
    chunks: parts.length,
    files: [...new Set(parts.map(({ file }) => file))].sort(),
  };
}
