import { MoonlightError } from "@moonlight-rl/core";
import {
  PyFloat,
  PyGlobal,
  PyObject,
  PyPersistent,
  PyReduce,
  PyTuple,
  type PickleValue,
} from "./value.ts";

/**
 * Writes a pickle of protocol 2 without memo. Protocol 2 because torch's restricted unpickler knows no later string
 * opcodes (torch-dist: SHORT_BINUNICODE fails).
 */
export function writePickle(value: PickleValue): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x80, 2)];
  emit(value, parts, 0);
  parts.push(op("."));
  return Buffer.concat(parts);
}

const MAX_DEPTH = 200;

function emit(value: PickleValue, out: Uint8Array[], depth: number): void {
  if (depth > MAX_DEPTH)
    throw new MoonlightError(
      "PICKLE_DEPTH",
      `A value nested deeper than ${MAX_DEPTH} cannot be pickled.`,
    );
  const next = (child: PickleValue): void => emit(child, out, depth + 1);
  if (value === null) out.push(op("N"));
  else if (typeof value === "boolean") out.push(Uint8Array.of(value ? 0x88 : 0x89));
  else if (typeof value === "number")
    out.push(
      Number.isSafeInteger(value) && !Object.is(value, -0) ? integer(BigInt(value)) : float(value),
    );
  else if (typeof value === "bigint") out.push(integer(value));
  else if (typeof value === "string") out.push(unicode(value));
  else if (value instanceof PyFloat) out.push(float(value.value));
  else if (value instanceof PyGlobal) out.push(op(`c${value.module}\n${value.name}\n`));
  else if (value instanceof PyTuple) emitTuple(value.items, out, next);
  else if (value instanceof PyPersistent) {
    next(value.id);
    out.push(op("Q"));
  } else if (value instanceof PyReduce) {
    next(value.callable);
    emitTuple(value.args, out, next);
    out.push(op("R"));
  } else if (value instanceof PyObject) {
    next(value.cls);
    emitTuple(value.args, out, next);
    out.push(Uint8Array.of(0x81));
    if (value.state !== undefined) {
      next(value.state);
      out.push(op("b"));
    }
  } else if (value instanceof Map) {
    out.push(op("}"));
    if (value.size > 0) {
      out.push(op("("));
      for (const [key, item] of value) {
        next(key);
        next(item);
      }
      out.push(op("u"));
    }
  } else if (Array.isArray(value)) {
    out.push(op("]"));
    if (value.length > 0) {
      out.push(op("("));
      for (const item of value) next(item);
      out.push(op("e"));
    }
  } else throw new MoonlightError("PICKLE_VALUE", "Bytes cannot be pickled with protocol 2.");
}

function emitTuple(
  items: readonly PickleValue[],
  out: Uint8Array[],
  next: (item: PickleValue) => void,
): void {
  const short = [0x29, 0x85, 0x86, 0x87][items.length];
  if (short === undefined) out.push(op("("));
  for (const item of items) next(item);
  out.push(short === undefined ? op("t") : Uint8Array.of(short));
}

function op(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

function unicode(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  const head = Buffer.alloc(5);
  head.write("X", "latin1");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function float(value: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes.write("G", "latin1");
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function integer(value: bigint): Uint8Array {
  if (value >= 0n && value < 256n) return Uint8Array.of(0x4b, Number(value));
  if (value >= 0n && value < 65536n)
    return Uint8Array.of(0x4d, Number(value & 255n), Number(value >> 8n));
  if (value >= -(2n ** 31n) && value < 2n ** 31n) {
    const bytes = Buffer.alloc(5);
    bytes.write("J", "latin1");
    bytes.writeInt32LE(Number(value), 1);
    return bytes;
  }
  const bytes: number[] = [];
  let rest = value;
  while (
    !(rest === 0n && ((bytes.at(-1) ?? 0) & 0x80) === 0) &&
    !(rest === -1n && ((bytes.at(-1) ?? 0) & 0x80) !== 0 && bytes.length > 0)
  ) {
    bytes.push(Number(rest & 255n));
    rest >>= 8n;
  }
  return Uint8Array.of(0x8a, bytes.length, ...bytes);
}
