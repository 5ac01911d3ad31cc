import { VerificationError, type Json } from "@moonlight-rl/core";
import {
  PyFloat,
  PyGlobal,
  PyObject,
  PyPersistent,
  PyReduce,
  PyTuple,
  typeName,
  type PickleValue,
} from "../pickle/value.ts";
import { plainNumeric } from "../pickle/numeric.ts";
import { namespace } from "./tensor-archive.ts";
import type { Iteration } from "./layout.ts";

export type PlainObject = Readonly<Record<string, Json>>;

/** What Megatron keeps beside the tensors: the arguments of the run and counters. */
export function commonPickle(
  iteration: Iteration,
  args: PlainObject,
  extra: PlainObject,
): PickleValue {
  return new Map<PickleValue, PickleValue>([
    [
      "args",
      namespace(new Map(Object.entries(args).map(([name, value]) => [name, toPickle(value)]))),
    ],
    ["checkpoint_version", new PyFloat(3)],
    // The reference's converter saves iteration 1 and then renames the folder to `release`.
    ["iteration", iteration === "release" ? 1 : iteration],
    ["num_floating_point_operations_so_far", 0],
    [
      "content_metadata",
      new Map<PickleValue, PickleValue>([
        ["distrib_optim_sharding_type", "dp_reshardable"],
        ["singleton_local_shards", false],
        ["chained_optim_avoid_prefix", true],
      ]),
    ],
    ...Object.entries(extra).map(([name, value]) => [name, toPickle(value)] as const),
  ]);
}

/** Plain data from a `common.pt`; a namespace becomes an object, any other class `{ "$type": name }`. */
export function plainCommon(value: PickleValue, file: string): PlainObject {
  const plain = toPlain(value, file, 0);
  if (typeof plain !== "object" || plain === null || isJsonList(plain)) {
    throw new VerificationError("COMMON_INVALID", `${file}: the common part is not a dict.`, {
      file,
    });
  }
  return plain;
}

const MAX_DEPTH = 32;

function toPlain(value: PickleValue, file: string, depth: number): Json {
  if (depth > MAX_DEPTH)
    throw new VerificationError("COMMON_INVALID", `${file}: nested deeper than ${MAX_DEPTH}.`, {
      file,
    });
  const next = (child: PickleValue): Json => toPlain(child, file, depth + 1);
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof PyFloat) return value.value;
  if (value instanceof PyTuple) return value.items.map(next);
  if (Array.isArray(value)) return value.map(next);
  if (value instanceof Map)
    return Object.fromEntries(
      [...value].map(([key, child]) => [
        String(typeof key === "object" ? typeName(key) : key),
        next(child),
      ]),
    );
  if (
    value instanceof PyObject &&
    typeName(value) === "argparse.Namespace" &&
    value.state !== undefined
  )
    return next(value.state);
  const numeric = value instanceof PyReduce ? plainNumeric(value) : undefined;
  if (numeric !== undefined) return numeric;
  if (value instanceof PyGlobal || value instanceof PyObject || value instanceof PyReduce)
    return { $type: typeName(value) ?? "unknown" };
  if (value instanceof PyPersistent) return { $type: "tensor" };
  return { $type: "bytes" };
}

function toPickle(value: Json): PickleValue {
  if (typeof value !== "object" || value === null) return value;
  if (isJsonList(value)) return value.map(toPickle);
  return new Map(Object.entries(value).map(([name, child]) => [name, toPickle(child)]));
}

function isJsonList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
