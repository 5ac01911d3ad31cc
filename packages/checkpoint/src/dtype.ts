import { anyFullExponent, type WordBits } from "./scanned-memory.ts";

/** Element types of model tensors, by their safetensors names. */
export const DTYPES = ["F32", "F16", "BF16"] as const;
export type Dtype = (typeof DTYPES)[number];

/** Bytes per element. */
export function itemSize(dtype: Dtype): number {
  return dtype === "F32" ? 4 : 2;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes of a dense tensor. */
export function tensorBytes(shape: readonly number[], dtype: Dtype): number {
  return elementCount(shape) * itemSize(dtype);
}

/** Little-endian bytes → float32 values; exact for every dtype. */
export function toFloat32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.byteLength / itemSize(dtype));
  if (dtype === "F32") {
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
  } else if (dtype === "BF16") {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < values.length; i++) bits[i] = view.getUint16(2 * i, true) << 16;
  } else {
    for (let i = 0; i < values.length; i++) values[i] = fromHalf(view.getUint16(2 * i, true));
  }
  return values;
}

/** float32 values → little-endian bytes, rounded to nearest, ties to even, as PyTorch does. */
export function fromFloat32(values: Float32Array, dtype: Dtype): Uint8Array {
  const bytes = new Uint8Array(values.length * itemSize(dtype));
  const view = new DataView(bytes.buffer);
  if (dtype === "F32") {
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i] ?? 0, true);
    return bytes;
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const narrow = dtype === "BF16" ? toBrain : toHalf;
  for (let i = 0; i < values.length; i++) view.setUint16(2 * i, narrow(bits[i] ?? 0), true);
  return bytes;
}

/** Whether any element is NaN or infinite. */
export function hasNonFinite(bytes: Uint8Array, dtype: Dtype): boolean {
  return firstNonFinite(bytes, dtype) !== undefined;
}

/** The elements in a 32-bit word; an exponent of all ones means NaN or infinity. */
const WORDS: Readonly<Record<Dtype, WordBits>> = {
  F32: { exponents: 0x7f80_0000, lowest: 0x0080_0000, signs: 0x8000_0000 },
  F16: { exponents: 0x7c00_7c00, lowest: 0x0400_0400, signs: 0x8000_8000 },
  BF16: { exponents: 0x7f80_7f80, lowest: 0x0080_0080, signs: 0x8000_8000 },
};

/** Index of the first element that is NaN or infinite. */
export function firstNonFinite(bytes: Uint8Array, dtype: Dtype): number | undefined {
  const size = itemSize(dtype);
  const words = bytes.byteOffset % 4 === 0 ? bytes.byteLength >>> 2 : 0;
  if (
    words > 0 &&
    !anyFullExponent(new Uint32Array(bytes.buffer, bytes.byteOffset, words), WORDS[dtype])
  ) {
    const rest = lastPart(bytes, words * 4, dtype);
    return rest === undefined ? undefined : (words * 4) / size + rest;
  }
  return lastPart(bytes, 0, dtype);
}

/** The same, element by element from a byte on. */
function lastPart(bytes: Uint8Array, from: number, dtype: Dtype): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = itemSize(dtype);
  const { exponents } = WORDS[dtype];
  const exponent = dtype === "F32" ? exponents : exponents & 0xffff;
  for (let at = from; at + size <= bytes.byteLength; at += size) {
    const bits = dtype === "F32" ? view.getUint32(at, true) : view.getUint16(at, true);
    if ((bits & exponent) === exponent) return (at - from) / size;
  }
  return undefined;
}

function toBrain(bits: number): number {
  // A NaN must not round to infinity: keep it quiet and non-zero.
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x33000001) return sign;
  const exponent = magnitude >>> 23;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = exponent < 113 ? 126 - exponent : 13;
  const base = exponent < 113 ? 0 : (exponent - 113) << 10;
  const half = 1 << (shift - 1);
  const rounded = (mantissa + half - 1 + ((mantissa >>> shift) & 1)) >>> shift;
  return sign | (base + rounded);
}

function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
