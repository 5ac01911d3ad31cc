import { fork, type ChildProcess } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sha256, TEMPORARY_SUFFIX } from "@moonlight-rl/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeHfModel } from "../hf-model/write.ts";
import { openTorchDist } from "../torch-dist/open.ts";
import { writeTorchDist } from "../torch-dist/write.ts";
import { identify } from "./source-files.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-transfer-"));
  await writeFile(join(folder, "source"), bytes);
});
afterEach(() => rm(folder, { recursive: true }));

const TENSORS = 24;
const ROWS = 512;
const COLUMNS = 1024;
const tensorSize = ROWS * COLUMNS * 2;
const bytes = Buffer.alloc(TENSORS * tensorSize, 0x11);
for (let i = 0; i < TENSORS; i++) bytes.fill(i + 1, i * tensorSize, (i + 1) * tensorSize);

interface Options {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

const write = async (target: string, options: Options = { threads: 2 }): Promise<string[]> => {
  const file = join(folder, "source");
  const identity = (await identify(file)) ?? "";
  const tensors = Array.from({ length: TENSORS }, (_, i) => {
    const place = {
      type: "range",
      file,
      identity,
      offset: i * tensorSize,
      length: tensorSize,
    } as const;
    const shape = [ROWS, COLUMNS];
    const stored = { name: `tensor ${i}`, dtype: "BF16", place } as const;
    const read = (): never => {
      throw new Error("content that lies in files is copied by threads");
    };
    const chunks = [{ offsets: [0, 0], sizes: shape, read, stored }];
    return { key: `t${i}`, dtype: "BF16", shape, chunks } as const;
  });
  const written = await writeTorchDist(join(folder, target), {
    iteration: "release",
    tensors,
    args: {},
    files: 6,
    finiteHint: "check",
    ...options,
  });
  return written.map(({ sha256 }) => sha256);
};

const spoil = (offset: number, value: readonly number[]): void => {
  const file = openSync(join(folder, "source"), "r+");
  writeSync(file, Uint8Array.from(value), 0, value.length, offset);
  closeSync(file);
};

describe("threads", () => {
  it("write what one thread writes, and every digest is that of the file", async () => {
    let told = 0;
    const one = await write("one", { threads: 0 });
    expect(await write("three", { threads: 3, onBytes: (count) => (told += count) })).toEqual(one);
    expect(told).toBe(bytes.length);
    const found = await Promise.all(
      (await readdir(join(folder, "three", "release"))).map(async (name) =>
        sha256(await readFile(join(folder, "three", "release", name))),
      ),
    );
    expect(found.every((digest) => one.includes(digest))).toBe(true);
    const checkpoint = await openTorchDist(join(folder, "three"));
    const last = Buffer.from(await checkpoint.readTensor(`t${TENSORS - 1}`));
    expect(last.equals(bytes.subarray(-tensorSize))).toBe(true);
    await checkpoint.close();
  });

  it("give errors their code, field and place back", async () => {
    const at = 5 * tensorSize + 64;
    spoil(at, [0x80, 0x7f]);
    await expect(write("out")).rejects.toMatchObject({
      code: "TENSOR_NOT_FINITE",
      exitCode: 4,
      field: "tensor 5",
      byteOffset: at,
      hint: "check",
    });
  });

  it("stop when asked to, and go on from the finished files", async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(write("out", { threads: 2, signal: stop.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(await write("out")).toEqual(await write("again"));
  });
});

describe("a source that changes", () => {
  it("is noticed, whether it changes before its bytes are read or while they are", async () => {
    const file = join(folder, "source");
    const identity = (await identify(file)) ?? "";
    const tensors = [
      {
        name: "t",
        dtype: "BF16",
        shape: [ROWS, COLUMNS],
        read: () => new Uint8Array(0),
        stored: {
          name: "t",
          dtype: "BF16",
          place: { type: "range", file, identity, offset: 0, length: tensorSize },
        },
      },
    ] as const;
    let changed = false;
    const during = writeHfModel(join(folder, "during"), {
      tensors,
      onBytes: () => {
        if (!changed) spoil(bytes.length - 1, [7]);
        changed = true;
      },
    });
    await expect(during).rejects.toMatchObject({ code: "SOURCE_CHANGED", exitCode: 4, file });
    const before = writeHfModel(join(folder, "before"), { tensors });
    await expect(before).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    expect(await readdir(join(folder, "during"))).toEqual([]);
  });
});

it.skipIf(process.platform === "win32")(
  "a disk that gives other bytes back is an error, and nothing stays",
  async () => {
    const path = join(folder, "bad", "model.safetensors");
    const tensor = {
      name: "t",
      dtype: "BF16",
      shape: [COLUMNS],
      read: () => bytes.subarray(0, 2 * COLUMNS),
    } as const;
    await mkdir(dirname(path));
    // It takes what is written and gives zeros.
    await symlink("/dev/zero", path + TEMPORARY_SUFFIX);
    const failed = writeHfModel(dirname(path), { tensors: [tensor] });
    await expect(failed).rejects.toMatchObject({ code: "READ_BACK", exitCode: 4, byteOffset: 0 });
    expect(await readdir(dirname(path))).toEqual([]);
  },
);

describe("a run that is killed", () => {
  const script = fileURLToPath(new URL("../../fixtures/write-forever.mjs", import.meta.url));

  it("at any moment leaves nothing that looks complete; the next writes only the unfinished files", async () => {
    const wanted = await write("whole");
    for (const wait of [0, 15, 40, 90]) {
      const target = join(folder, `killed-${wait}`);
      const child = fork(script, [join(folder, "source"), target], {
        stdio: "ignore",
        execArgv: [],
      });
      await started(child);
      await sleep(wait);
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("close", resolve));
      const part = join(target, ".release.part");
      if (!(await readdir(target)).includes(".release.part")) continue;
      await expect(openTorchDist(target)).rejects.toMatchObject({ code: "CHECKPOINT_INCOMPLETE" });
      const record = await readFile(join(part, ".finished.json"), "utf8").catch(() => "{}");
      const finished = Object.keys(JSON.parse(record) as object);
      const inodes = new Map<string, number>();
      for (const name of finished) inodes.set(name, (await stat(join(part, name))).ino);
      expect(await write(basename(target))).toEqual(wanted);
      for (const [name, inode] of inodes)
        expect((await stat(join(target, "release", name))).ino, `${name} after ${wait} ms`).toBe(
          inode,
        );
    }
  });

  it("whose finished file was damaged writes that file again", async () => {
    const stop = new AbortController();
    const failed = write("out", {
      threads: 1,
      signal: stop.signal,
      onBytes: () => stop.abort(),
    }).catch(() => undefined);
    await failed;
    const part = join(folder, "out", ".release.part");
    for (const name of await readdir(part).catch(() => []))
      if (name.endsWith(".distcp")) await writeFile(join(part, name), "damaged");
    expect(await write("out")).toEqual(await write("whole"));
  });
});

function started(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once("message", resolve));
}
