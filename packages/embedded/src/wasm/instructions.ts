/** Bytes of WebAssembly instructions. An expression leaves one value, a statement none. */
export type Code = readonly number[];

/** A parameter or variable of a function, by its number. */
export type Local = number;

/** What a memory access adds to its address. */
type Offset = number;

export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

function float(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

type Binary = (a: Code, b: Code) => Code;
const plain =
  (opcode: number): Binary =>
  (a, b) => [...a, ...b, opcode];
/** Instructions on vectors have a prefix and a longer number. */
const vector = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const vectors =
  (opcode: number): Binary =>
  (a, b) => [...a, ...b, ...vector(opcode)];

export const get = (local: Local): Code => [0x20, ...unsigned(local)];
export const set = (local: Local, value: Code): Code => [...value, 0x21, ...unsigned(local)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: (address: Code, offset: Offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)],
  add: plain(0x6a),
  sub: plain(0x6b),
  mul: plain(0x6c),
  and: plain(0x71),
  shl: plain(0x74),
  shr: plain(0x76),
  equal: plain(0x46),
  notEqual: plain(0x47),
  /** Unsigned, as addresses are. */
  less: plain(0x49),
  greaterOrEqual: plain(0x4f),
} as const;

export const f32 = {
  const: (value: number): Code => [0x43, ...float(value)],
  load: (address: Code, offset: Offset = 0): Code => [...address, 0x2a, 2, ...unsigned(offset)],
  store: (address: Code, value: Code, offset: Offset = 0): Code => [
    ...address,
    ...value,
    0x38,
    2,
    ...unsigned(offset),
  ],
  add: plain(0x92),
  mul: plain(0x94),
  div: plain(0x95),
  sqrt: (a: Code): Code => [...a, 0x91],
  /** An i32 as a float. */
  from: (a: Code): Code => [...a, 0xb2],
} as const;

export const v128 = {
  load: (address: Code, offset: Offset = 0): Code => [
    ...address,
    ...vector(0),
    2,
    ...unsigned(offset),
  ],
  /** Four copies of the number at an address. */
  loadSplat: (address: Code, offset: Offset = 0): Code => [
    ...address,
    ...vector(9),
    2,
    ...unsigned(offset),
  ],
  store: (address: Code, value: Code, offset: Offset = 0): Code => [
    ...address,
    ...value,
    ...vector(11),
    2,
    ...unsigned(offset),
  ],
  and: vectors(78),
  /** One or two numbers at an address, the other lanes zero. */
  loadLanes: (address: Code, lanes: 1 | 2): Code => [
    ...address,
    ...vector(lanes === 2 ? 93 : 92),
    2,
    0,
  ],
  /** Stores the first one or two numbers. */
  storeLanes: (address: Code, value: Code, lanes: 1 | 2): Code => [
    ...address,
    ...value,
    ...vector(lanes === 2 ? 91 : 90),
    2,
    0,
    0,
  ],
} as const;

/** Two numbers of double precision at once. */
export const f64x2 = {
  splat: (a: Code): Code => [...a, ...vector(20)],
  add: vectors(240),
  sub: vectors(241),
  mul: vectors(242),
  div: vectors(243),
  sqrt: (a: Code): Code => [...a, ...vector(239)],
  /** The first two of four numbers of single precision. */
  promote: (a: Code): Code => [...a, ...vector(95)],
  /** Rounds to single precision; the other two lanes are zero. */
  demote: (a: Code): Code => [...a, ...vector(94)],
} as const;

/** Four numbers at once. */
export const f32x4 = {
  const: (value: number): Code => [
    ...vector(12),
    ...[value, value, value, value].flatMap((lane) => float(lane)),
  ],
  splat: (a: Code): Code => [...a, ...vector(19)],
  lane: (a: Code, lane: number): Code => [...a, ...vector(31), lane],
  /** The four numbers' sum, from the first to the last. The code that gives them is repeated: a local's is short. */
  sum: (a: Code): Code => [0, 1, 2, 3].map((lane) => f32x4.lane(a, lane)).reduce(f32.add),
  /** The four numbers in another order. */
  reorder: (a: Code, lanes: readonly [number, number, number, number]): Code => [
    ...a,
    ...a,
    ...vector(13),
    ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  ],
  neg: (a: Code): Code => [...a, ...vector(225)],
  add: vectors(228),
  sub: vectors(229),
  mul: vectors(230),
  div: vectors(231),
  /** The second where it is smaller (larger), else the first; one instruction of the processor, unlike `min`, which looks for NaN. */
  pmin: vectors(234),
  pmax: vectors(235),
  greaterOrEqual: vectors(70),
} as const;

export const i32x4 = {
  const: (value: number): Code => [
    ...vector(12),
    ...[value, value, value, value].flatMap((lane) => [
      ...new Uint8Array(Int32Array.of(lane).buffer),
    ]),
  ],
  add: vectors(174),
  shl: (a: Code, bits: number): Code => [...a, ...i32.const(bits), ...vector(171)],
} as const;

const EMPTY = 0x40;
/** Back to the begin of the loop; the ends of it and of the block around it. */
const AGAIN: Code = [0x0c, 0, 0x0b, 0x0b];

/** Runs the statements while the condition holds, which is looked at first. */
export function loopWhile(condition: Code, ...statements: readonly Code[]): Code {
  return [0x02, EMPTY, 0x03, EMPTY, ...condition, 0x45, 0x0d, 1, ...statements.flat(), ...AGAIN];
}

/** Runs the statements once, and again while the condition holds. */
export function loopAgainWhile(condition: Code, ...statements: readonly Code[]): Code {
  return [0x03, EMPTY, ...statements.flat(), ...condition, 0x0d, 0, 0x0b];
}

export function when(condition: Code, ...statements: readonly Code[]): Code {
  return [...condition, 0x04, EMPTY, ...statements.flat(), 0x0b];
}

/** Adds a constant to a variable. */
export function advance(local: Local, by: number): Code {
  return set(local, i32.add(get(local), i32.const(by)));
}
