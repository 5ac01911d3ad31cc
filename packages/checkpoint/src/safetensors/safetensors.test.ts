import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isMoonlightError } from "@moonlight-rl/core";
import { fromFloat32, toFloat32 } from "../dtype.ts";
import { readSafetensorsHeader } from "./open.ts";
import { writeSafetensors } from "./write.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-safetensors-"));
  file = join(folder, "model.safetensors");
});
afterEach(() => rm(folder, { recursive: true }));

const tensors = [
  { name: "a", dtype: "BF16", shape: [2, 3], read: () => new Uint8Array(12).fill(1) },
  { name: "b", dtype: "F32", shape: [4], read: () => Promise.resolve(new Uint8Array(16).fill(2)) },
] as const;

describe("safetensors", () => {
  it("reads what it wrote", async () => {
    await writeSafetensors(file, tensors);
    const header = await readSafetensorsHeader(file);
    expect([...header.keys()]).toEqual(["a", "b"]);
    expect(header.get("b")).toMatchObject({ dtype: "F32", shape: [4], byteLength: 16 });
    const { offset } = header.get("b") ?? { offset: 0 };
    expect((await readFile(file)).subarray(offset, offset + 16)).toEqual(Buffer.alloc(16, 2));
  });

  it("refuses a source that gives the wrong number of bytes, and leaves nothing", async () => {
    const short = [{ ...tensors[0], read: () => new Uint8Array(11) }];
    await expect(writeSafetensors(file, short)).rejects.toMatchObject({
      code: "TENSOR_SIZE",
      field: "a",
    });
    await expect(readFile(file)).rejects.toThrow();
    await expect(readFile(`${file}.part`)).rejects.toThrow();
  });

  it("names the byte at which a truncated file ends", async () => {
    const { size } = await writeSafetensors(file, tensors);
    await truncate(file, size - 5);
    await expect(readSafetensorsHeader(file)).rejects.toMatchObject({
      code: "SAFETENSORS_TRUNCATED",
      byteOffset: size - 5,
    });
  });

  it.each([
    [
      "a header of absurd length",
      Buffer.from([255, 255, 255, 255, 255, 0, 0, 0, 123]),
      "SAFETENSORS_HEADER",
    ],
    ["a header that is not JSON", raw("no json"), "SAFETENSORS_HEADER"],
    [
      "a dtype that is not supported",
      raw('{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1),
      "TENSOR_DTYPE",
    ],
    [
      "offsets that do not fit the shape",
      raw('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4),
      "SAFETENSORS_SIZE",
    ],
    [
      "overlapping tensors",
      raw(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}',
        6,
      ),
      "SAFETENSORS_LAYOUT",
    ],
    [
      "bytes that belong to no tensor",
      raw('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 9),
      "SAFETENSORS_LAYOUT",
    ],
    ["an empty file", Buffer.alloc(0), "SAFETENSORS_TRUNCATED"],
  ])("refuses %s", async (_, content, code) => {
    await writeFile(file, content);
    await expect(readSafetensorsHeader(file)).rejects.toMatchObject({ code });
  });

  it("answers any mutation of a header with a coded error or a valid reading", async () => {
    await writeSafetensors(file, tensors);
    const original = await readFile(file);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
          minLength: 1,
          maxLength: 4,
        }),
        async (edits) => {
          const mutated = Buffer.from(original);
          for (const [at, value] of edits) mutated[at] = value;
          await writeFile(file, mutated);
          await readSafetensorsHeader(file).catch((error: unknown) =>
            expect(isMoonlightError(error)).toBe(true),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("dtypes", () => {
  it("widen exactly and narrow to nearest even", () => {
    const values = Float32Array.from([0, -0, 1, -2.5, 1e-3, 3.14159, 65504, 1e-7]);
    for (const dtype of ["F32", "F16", "BF16"] as const) {
      const once = toFloat32(fromFloat32(values, dtype), dtype);
      expect(toFloat32(fromFloat32(once, dtype), dtype)).toEqual(once);
    }
    expect(toFloat32(fromFloat32(values, "F32"), "F32")).toEqual(values);
    // 1 + 2^-8 lies halfway between two bf16 values; the even one is 1.
    expect(
      toFloat32(fromFloat32(Float32Array.from([1 + 2 ** -8, 1 + 3 * 2 ** -8]), "BF16"), "BF16"),
    ).toEqual(Float32Array.from([1, 1 + 2 ** -6]));
    expect(toFloat32(fromFloat32(Float32Array.from([NaN, Infinity, 70000]), "F16"), "F16")).toEqual(
      Float32Array.from([NaN, Infinity, Infinity]),
    );
  });

  it("round-trip every half and every bfloat16 bit pattern that is a number", () => {
    for (const dtype of ["F16", "BF16"] as const) {
      const bytes = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
      const values = toFloat32(bytes, dtype);
      const back = new Uint16Array(fromFloat32(values, dtype).buffer);
      const changed = [...values.keys()].filter(
        (i) => !Number.isNaN(values[i] ?? NaN) && back[i] !== i,
      );
      expect(changed).toEqual([]);
    }
  });
});

function raw(json: string, dataBytes = 0): Buffer {
  const header = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(dataBytes)]);
}
