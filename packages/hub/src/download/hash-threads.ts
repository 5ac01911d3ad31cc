import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { MoonlightError } from "@moonlight-rl/core";
import { BLOCK_BYTES, type Block } from "./block-pool.ts";
import { FileHash, type ContentDigests } from "./file-hash.ts";
import type { HashCommand, HashReply } from "./hash-message.ts";

/** Where the bytes of one file are hashed, in order; each promise resolves once its bytes have gone through. */
export interface HashSink {
  update(block: Block, length: number): Promise<void>;
  read(fd: number, start: number, end: number): Promise<void>;
  digest(): Promise<ContentDigests>;
  drop(): void;
}

/** The compiled file, also when this one runs as source in a test: threads of Node 20 do not read TypeScript. */
const THREAD = new URL("../../dist/download/hash-thread.js", import.meta.url);
/** A core does about 1.8 GB/s; more threads than this outrun any disk. */
const MAX_THREADS = 4;
/** Smaller files are hashed in place, in milliseconds, without waiting for a thread to start. */
const IN_PLACE_BYTES = 8 << 20;

/** Threads that hash, started when the first large file comes; a file stays in one thread. */
export class HashThreads {
  readonly #threads: HashThread[] = [];
  readonly #limit = Math.min(MAX_THREADS, availableParallelism());
  #files = 0;

  open(size: number, withBlobSha1: boolean): HashSink {
    if (size <= IN_PLACE_BYTES) return new HashInPlace(new FileHash(size, withBlobSha1));
    const idle = this.#threads.find(({ files }) => files === 0);
    const thread =
      idle ??
      (this.#threads.length < this.#limit ? this.#start() : undefined) ??
      this.#threads.reduce((least, other) => (other.files < least.files ? other : least));
    return thread.open(this.#files++, size, withBlobSha1);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  #start(): HashThread {
    const thread = new HashThread();
    this.#threads.push(thread);
    return thread;
  }
}

class HashInPlace implements HashSink {
  readonly #hash: FileHash;

  constructor(hash: FileHash) {
    this.#hash = hash;
  }

  async update(block: Block, length: number): Promise<void> {
    this.#hash.update(block.bytes.subarray(0, length));
  }

  async read(fd: number, start: number, end: number): Promise<void> {
    this.#hash.read(fd, start, end);
  }

  async digest(): Promise<ContentDigests> {
    return this.#hash.digest();
  }

  drop(): void {
    // Nothing is kept.
  }
}

interface Waiting {
  readonly resolve: (reply: HashReply) => void;
  readonly reject: (error: Error) => void;
}

type Command = HashCommand extends infer C
  ? C extends HashCommand
    ? Omit<C, "id">
    : never
  : never;

class HashThread {
  files = 0;
  readonly #worker = new Worker(THREAD, {
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  readonly #waiting = new Map<number, Waiting>();
  #commands = 0;

  constructor() {
    this.#worker.unref();
    this.#worker.on("message", (reply: HashReply) => {
      const { id, error } = reply;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(reply);
      else waiting?.reject(Object.assign(new Error(error.message), { code: error.code }));
    });
    this.#worker.on("error", (cause) => {
      this.#end(cause);
    });
    this.#worker.on("exit", () => {
      this.#end(undefined);
    });
  }

  open(file: number, size: number, withBlobSha1: boolean): HashSink {
    this.files++;
    let open = true;
    void this.#send({ file, op: "open", size, withBlobSha1 }).catch(() => undefined);
    return {
      update: async (block, length) => {
        const { buffer } = block.bytes;
        const { bytes } = await this.#send({ file, op: "update", bytes: buffer, length }, [buffer]);
        block.bytes = new Uint8Array(bytes ?? new ArrayBuffer(BLOCK_BYTES));
      },
      read: async (fd, start, end) => {
        await this.#send({ file, op: "read", fd, start, end });
      },
      digest: async () => {
        const { digests } = await this.#send({ file, op: "digest" });
        if (digests !== undefined) return digests;
        throw new MoonlightError("THREAD_ENDED", "A hashing thread gave no digest.");
      },
      drop: () => {
        if (open) this.files--;
        open = false;
        void this.#send({ file, op: "drop" }).catch(() => undefined);
      },
    };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #send(command: Command, transfer: ArrayBuffer[] = []): Promise<HashReply> {
    const id = this.#commands++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...command, id }, transfer);
    });
  }

  #end(cause: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(new MoonlightError("THREAD_ENDED", "A hashing thread has ended.", { cause }));
    this.#waiting.clear();
  }
}
