/** What the engine uses of WebAssembly; Node's types leave it to those of browsers. */
declare namespace WebAssembly {
  interface MemoryOptions {
    readonly initial: number;
    readonly maximum: number;
    readonly shared?: boolean;
  }
  class Memory {
    constructor(options: MemoryOptions);
    readonly buffer: ArrayBufferLike;
    /** Pages; returns how many there were. Throws RangeError. */
    grow(pages: number): number;
  }
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array) => Module;
  class Instance {
    constructor(module: Module, imports: { readonly env: { readonly memory: Memory } });
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
