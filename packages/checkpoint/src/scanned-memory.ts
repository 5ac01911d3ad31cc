// Every byte of a model is scanned for NaN. In JavaScript that takes as long as its CRC; WebAssembly has the processor's
// vectors, but sees only memory of its own. So blocks are read into such memory.

/** What is used of it: its types come with those of browsers. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** Bit patterns of a 32-bit word, one element of it or two: see `anyFullExponent`. */
export interface WordBits {
  /** Bits of the exponents. */
  readonly exponents: number;
  /** The lowest bit of each exponent. */
  readonly lowest: number;
  /** The sign bits. */
  readonly signs: number;
}

type Scan = (begin: number, end: number, ...bits: [number, number, number]) => number;

const PAGE = 1 << 16;
/** Bytes that one round of the loop takes. */
const ROUND = 64;

/** The scan of each memory that was made here. */
const scans = new WeakMap<ArrayBufferLike, Scan>();

/** Memory for a block, in which `anyFullExponent` is fast; ordinary memory where the system does not give such. */
export function scannedMemory(bytes: number): Buffer {
  try {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
    const { exports } = new WebAssembly.Instance(scanModule(), { "": { memory } });
    scans.set(memory.buffer, exports["scan"] as Scan);
    return Buffer.from(memory.buffer, 0, bytes);
  } catch {
    // WebAssembly reserves address space, which a limit of the shell can forbid.
    return Buffer.allocUnsafeSlow(bytes);
  }
}

/**
 * Whether any element of the words has an exponent of all ones. Adding the lowest exponent bit to a word without signs and
 * fractions carries into a sign bit exactly then.
 */
export function anyFullExponent(words: Uint32Array, bits: WordBits): boolean {
  const scan = scans.get(words.buffer);
  const whole = scan === undefined ? 0 : words.byteLength - (words.byteLength % ROUND);
  const begin = words.byteOffset;
  const { exponents, lowest, signs } = bits;
  if (whole > 0 && scan?.(begin, begin + whole, exponents, lowest, signs) === 1) return true;
  return anyInLoop(whole === 0 ? words : words.subarray(whole / 4), bits);
}

/** Four words at a time: engines do little else to make this fast. */
function anyInLoop(words: Uint32Array, { exponents, lowest, signs }: WordBits): boolean {
  let [carries, i] = [0, 0];
  for (; i + 4 <= words.length; i += 4) {
    carries |= ((words[i] as number) & exponents) + lowest;
    carries |= ((words[i + 1] as number) & exponents) + lowest;
    carries |= ((words[i + 2] as number) & exponents) + lowest;
    carries |= ((words[i + 3] as number) & exponents) + lowest;
  }
  for (; i < words.length; i++) carries |= ((words[i] as number) & exponents) + lowest;
  return (carries & signs) !== 0;
}

let compiled: object | undefined;

/** The same loop on vectors, written in WebAssembly's binary format: sections, each with its id and length. */
function scanModule(): object {
  if (compiled !== undefined) return compiled;
  const [begin, end, exponents, lowest, signs] = [0, 1, 2, 3, 4];
  const [vectorExponents, vectorLowest, carries] = [5, 6, 7];
  const [i32, v128] = [0x7f, 0x7b];
  const get = (local: number): number[] => [0x20, local];
  const set = (local: number): number[] => [0x21, local];
  const splat = [0xfd, 0x11];
  const and = [0xfd, 0x4e];
  const or = [0xfd, 0x50];
  const add = [0xfd, 0xae, 0x01];
  const load = (offset: number): number[] => [0xfd, 0x00, 0x04, offset];
  const step = (offset: number): number[][] => [
    [...get(carries), ...get(begin), ...load(offset), ...get(vectorExponents), ...and],
    [...get(vectorLowest), ...add, ...or, ...set(carries)],
  ];
  const code = [
    // One run of locals: three vectors.
    [1, 3, v128],
    [...get(exponents), ...splat, ...set(vectorExponents)],
    [...get(lowest), ...splat, ...set(vectorLowest)],
    // loop: begin += 64 as long as begin < end
    [0x03, 0x40],
    ...[0, 16, 32, 48].flatMap(step),
    [...get(begin), 0x41, 0xc0, 0x00, 0x6a, ...set(begin)],
    [...get(begin), ...get(end), 0x49, 0x0d, 0x00],
    [0x0b],
    // any_true
    [...get(carries), ...get(signs), ...splat, ...and, 0xfd, 0x53],
    [0x0b],
  ].flat();
  const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
  const sized = (content: number[]): number[] => [...leb128(content.length), ...content];
  const section = (id: number, ...content: number[]): number[] => [id, ...sized(content)];
  const binary = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // A type: five integers to one.
    section(1, 1, 0x60, 5, i32, i32, i32, i32, i32, 1, i32),
    // The memory is imported, of at least one page.
    section(2, 1, ...text(""), ...text("memory"), 0x02, 0x00, 1),
    section(3, 1, 0),
    section(7, 1, ...text("scan"), 0x00, 0),
    section(10, 1, ...sized(code)),
  ];
  compiled = new WebAssembly.Module(Uint8Array.from(binary.flat()));
  return compiled;
}

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}
