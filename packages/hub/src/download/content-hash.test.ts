import { createHash } from "node:crypto";
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededBytes } from "../testing/repo-fixture.ts";
import { BlockPool, type Block } from "./block-pool.ts";
import { ContentHash } from "./content-hash.ts";
import { DiskThreads, type FileSink } from "./disk-threads.ts";

const STEP = 1000;
const STEPS = 24;
const CONTENT = seededBytes(STEP * STEPS - 7);
const DIGEST = createHash("sha256").update(CONTENT).digest("hex");

let folder = "";
let file: FileHandle;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "content-hash-"));
  file = await open(join(folder, "file"), "w+");
});
afterEach(async () => {
  await file.close();
  await rm(folder, { recursive: true });
});

/** What is read back, beside what the sink does. */
function counting(sink: FileSink): { sink: FileSink; readBack: () => number } {
  let bytes = 0;
  return {
    sink: {
      ...sink,
      write: (fd, write) => sink.write(fd, write),
      read: async (fd, start, end) => {
        bytes += end - start;
        await sink.read(fd, start, end);
      },
      digest: () => sink.digest(),
      drop: () => {
        sink.drop();
      },
    },
    readBack: () => bytes,
  };
}

/** Writes the steps in this order, so many at once; says the digest and how many steps were read back. */
async function written(order: readonly number[], atOnce = 1) {
  const pool = new BlockPool(atOnce);
  const { sink, readBack } = counting(new DiskThreads(pool.memory).open(CONTENT.length, false));
  const hash = new ContentHash(sink);
  const write = async (step: number): Promise<void> => {
    const block: Block = await pool.acquire();
    const bytes = CONTENT.subarray(step * STEP, (step + 1) * STEP);
    block.bytes.set(bytes);
    await hash.write(file.fd, step * STEP, block, bytes.length);
    pool.release(block);
  };
  const left = [...order];
  const lane = async (): Promise<void> => {
    for (let step = left.shift(); step !== undefined; step = left.shift()) await write(step);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  hash.advance(file.fd, CONTENT.length);
  const { sha256 } = await hash.digest();
  return { sha256, steps: Math.ceil(readBack() / STEP) };
}

const upTo = (end: number, start = 0): number[] =>
  Array.from({ length: end - start }, (_, i) => start + i);

describe("ContentHash", () => {
  it("reads nothing back of what comes in order", async () => {
    expect(await written(upTo(STEPS))).toEqual({ sha256: DIGEST, steps: 0 });
  });

  it("reads back what ran ahead, and not what follows it", async () => {
    // A range at the frontier, one that runs ahead of it and is slower, then the rest of that one.
    const order = [...upTo(8).flatMap((i) => (i < 4 ? [i, 8 + i] : [i])), ...upTo(STEPS, 12)];
    expect(await written(order)).toEqual({ sha256: DIGEST, steps: 4 });
  });

  it("gives the digest of the content in any order, several at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(upTo(STEPS), { minLength: STEPS }),
        fc.integer({ min: 1, max: 4 }),
        async (order, atOnce) => {
          await file.truncate(0);
          const { sha256, steps } = await written(order, atOnce);
          expect(sha256).toBe(DIGEST);
          expect(steps).toBeLessThanOrEqual(STEPS);
        },
      ),
      { numRuns: 40 },
    );
  });
});
