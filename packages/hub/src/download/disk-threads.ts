import { write } from "node:fs";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { MoonlightError } from "@moonlight-rl/core";
import type { Block } from "./block-pool.ts";
import { FileHash, type ContentDigests } from "./file-hash.ts";
import type { DiskCommand, DiskReply } from "./disk-message.ts";

/** The first `length` bytes of a block and where they go; with `hashed` they are the next ones of the digest. */
export interface Write {
  readonly offset: number;
  readonly block: Block;
  readonly length: number;
  readonly hashed: boolean;
}

/** What writes one file and hashes it, in order; each promise resolves once its bytes have gone through. */
export interface FileSink {
  write(fd: number, write: Write): Promise<void>;
  read(fd: number, start: number, end: number): Promise<void>;
  digest(): Promise<ContentDigests>;
  drop(): void;
}

/** The compiled file, also when this one runs as source in a test: threads of Node 20 do not read TypeScript. */
const THREAD = new URL("../../dist/download/disk-thread.js", import.meta.url);
/** A core does about 1.8 GB/s; more threads than this outrun any disk. */
const MAX_THREADS = 4;
/** Smaller files are written and hashed in place, in milliseconds, without waiting for a thread to start. */
const IN_PLACE_BYTES = 8 << 20;

/**
 * Threads that write and hash, started when the first large file comes; a file stays in one thread. One thread does both, so
 * that a block goes from hand to hand once and is hashed while it is still in the processor's cache.
 */
export class DiskThreads {
  readonly #memory: SharedArrayBuffer;
  readonly #threads: DiskThread[] = [];
  readonly #limit = Math.min(MAX_THREADS, availableParallelism());
  #files = 0;

  /** `memory` is what the blocks are in. */
  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
  }

  open(size: number, withBlobSha1: boolean): FileSink {
    if (size <= IN_PLACE_BYTES) return new InPlace(new FileHash(size, withBlobSha1));
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

  #start(): DiskThread {
    const thread = new DiskThread(this.#memory);
    this.#threads.push(thread);
    return thread;
  }
}

const writeTo = promisify(write);

class InPlace implements FileSink {
  readonly #hash: FileHash;

  constructor(hash: FileHash) {
    this.#hash = hash;
  }

  async write(fd: number, { offset, block, length, hashed }: Write): Promise<void> {
    // At once, since writes may overtake each other.
    if (hashed) this.#hash.update(block.bytes.subarray(0, length));
    for (let at = 0; at < length;) {
      const { bytesWritten } = await writeTo(fd, block.bytes, at, length - at, offset + at);
      at += bytesWritten;
    }
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
  readonly resolve: (reply: DiskReply) => void;
  readonly reject: (error: Error) => void;
}

type Command = DiskCommand extends infer C
  ? C extends DiskCommand
    ? Omit<C, "id">
    : never
  : never;

class DiskThread {
  files = 0;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #commands = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#worker = new Worker(THREAD, {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
      workerData: { memory },
    });
    this.#worker.unref();
    this.#worker.on("message", (reply: DiskReply) => {
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

  open(file: number, size: number, withBlobSha1: boolean): FileSink {
    this.files++;
    let open = true;
    void this.#send({ file, op: "open", size, withBlobSha1 }).catch(() => undefined);
    return {
      write: async (fd, { offset, block, length, hashed }) => {
        await this.#send({ file, op: "write", fd, offset, at: block.at, length, hashed });
      },
      read: async (fd, start, end) => {
        await this.#send({ file, op: "read", fd, start, end });
      },
      digest: async () => {
        const { digests } = await this.#send({ file, op: "digest" });
        if (digests !== undefined) return digests;
        throw new MoonlightError("THREAD_ENDED", "A disk thread gave no digest.");
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

  async #send(command: Command): Promise<DiskReply> {
    const id = this.#commands++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...command, id });
    });
  }

  #end(cause: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(new MoonlightError("THREAD_ENDED", "A disk thread has ended.", { cause }));
    this.#waiting.clear();
  }
}
