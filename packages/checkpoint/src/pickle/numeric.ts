import type { Json } from "@moonlight-rl/core";
import { PyGlobal, PyPersistent, PyReduce, PyTuple, typeName, type PickleValue } from "./value.ts";

/**
 * A numpy scalar as its number, an array or tensor as `{ $type, dtype, shape }`, and bytes as `{ $type: "bytes" }`;
 * undefined for any other call. numpy writes a scalar as a call of `scalar(dtype, bytes)`, and protocol 2 has bytes as latin-1 text.
 */
export function plainNumeric(call: PyReduce): Json | undefined {
  const name = typeName(call) ?? "";
  if (/^numpy\.(_?core)\.multiarray\.scalar$/.test(name)) return scalar(call);
  if (/^numpy\.(_?core)\.multiarray\._reconstruct$/.test(name)) return array(call);
  if (name.startsWith("torch._utils._rebuild_tensor")) return tensor(call);
  if (name === "_codecs.encode") return { $type: "bytes" };
  return undefined;
}

function scalar({ args: [dtype, content] }: PyReduce): Json | undefined {
  const kind = dtypeName(dtype);
  const bytes = bytesOf(content);
  if (kind === undefined || bytes === undefined) return undefined;
  const read = SCALARS[kind];
  if (read === undefined || bytes.byteLength !== read.size) return { $type: `numpy.${kind}` };
  const value = read.from(bytes);
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

interface ScalarReader {
  readonly size: number;
  readonly from: (bytes: Buffer) => number | boolean | string;
}

/** An integer beyond 2^53 as its digits, as those of pickles are. */
function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

const SCALARS: Readonly<Record<string, ScalarReader>> = {
  f8: { size: 8, from: (bytes) => bytes.readDoubleLE() },
  f4: { size: 4, from: (bytes) => bytes.readFloatLE() },
  i8: { size: 8, from: (bytes) => exact(bytes.readBigInt64LE()) },
  u8: { size: 8, from: (bytes) => exact(bytes.readBigUInt64LE()) },
  i4: { size: 4, from: (bytes) => bytes.readInt32LE() },
  u4: { size: 4, from: (bytes) => bytes.readUInt32LE() },
  i2: { size: 2, from: (bytes) => bytes.readInt16LE() },
  u2: { size: 2, from: (bytes) => bytes.readUInt16LE() },
  i1: { size: 1, from: (bytes) => bytes.readInt8() },
  u1: { size: 1, from: (bytes) => bytes.readUInt8() },
  b1: { size: 1, from: (bytes) => bytes.readUInt8() !== 0 },
};

/** State of an array: (version, shape, dtype, is Fortran's order, content). */
function array({ state }: PyReduce): Json {
  const [, shape, dtype] = state instanceof PyTuple ? state.items : [];
  return { $type: "ndarray", dtype: dtypeName(dtype) ?? "unknown", shape: sizes(shape) };
}

/** Arguments of a tensor: (storage, offset, sizes, strides, …); the storage is ("storage", class, key, place, elements). */
function tensor({ args: [storage, , shape] }: PyReduce): Json {
  const id = storage instanceof PyPersistent ? storage.id : undefined;
  const cls = id instanceof PyTuple ? id.items[1] : undefined;
  const dtype =
    cls instanceof PyGlobal ? cls.name.replace(/Storage$/, "").toLowerCase() : "unknown";
  return { $type: "tensor", dtype, shape: sizes(shape) };
}

function sizes(value: PickleValue | undefined): number[] {
  const items = value instanceof PyTuple ? value.items : [];
  return items.filter((size) => typeof size === "number");
}

/** "f8" of numpy.dtype("f8", …); big-endian ones have no name here. */
function dtypeName(value: PickleValue | undefined): string | undefined {
  if (!(value instanceof PyReduce) || typeName(value) !== "numpy.dtype") return undefined;
  const [name] = value.args;
  const order = value.state instanceof PyTuple ? value.state.items[1] : undefined;
  return typeof name === "string" && order !== ">" ? name : undefined;
}

function bytesOf(value: PickleValue | undefined): Buffer | undefined {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (!(value instanceof PyReduce) || typeName(value) !== "_codecs.encode") return undefined;
  const [text] = value.args;
  return typeof text === "string" ? Buffer.from(text, "latin1") : undefined;
}
