import { unsigned, type Code, type Local } from "./instructions.ts";

export const VALUE_TYPE = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof VALUE_TYPE;

/** What every module begins with: \0asm, version 1. */
const MAGIC: Code = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A function without results under construction. */
export class WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #body: number[] = [];

  constructor(name: string, parameters: readonly ValueType[]) {
    this.name = name;
    this.parameters = parameters;
  }

  /** A new variable, 0 at the start of the function. */
  local(type: ValueType): Local {
    return this.parameters.length + this.#locals.push(type) - 1;
  }

  locals(type: ValueType, count: number): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  emit(...code: readonly Code[]): void {
    for (const part of code) for (const byte of part) this.#body.push(byte);
  }

  code(): number[] {
    const locals = this.#locals.flatMap((type) => [1, VALUE_TYPE[type]]);
    const body = [...unsigned(this.#locals.length), ...locals, ...this.#body, 0x0b];
    return [...unsigned(body.length), ...body];
  }
}

/** The bytes of a module that exports these functions and works on the imported memory `env.memory`. */
export function wasmModule(
  functions: readonly WasmFunction[],
  { shared, maxPages }: { readonly shared: boolean; readonly maxPages: number },
): Uint8Array {
  const list = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
  const section = (id: number, content: Code): number[] => [
    id,
    ...unsigned(content.length),
    ...content,
  ];
  const name = (text: string): number[] => {
    const bytes = new TextEncoder().encode(text);
    return [...unsigned(bytes.length), ...bytes];
  };
  const types = functions.map(({ parameters }) => [
    0x60,
    ...list(parameters.map((type) => [VALUE_TYPE[type]])),
    0,
  ]);
  const memory = [...name("env"), ...name("memory"), 2, shared ? 3 : 1, 1, ...unsigned(maxPages)];
  return Uint8Array.from([
    ...MAGIC,
    ...section(1, list(types)),
    ...section(2, list([memory])),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(
      7,
      list(functions.map((made, index) => [...name(made.name), 0, ...unsigned(index)])),
    ),
    ...section(10, list(functions.map((made) => made.code()))),
  ]);
}
