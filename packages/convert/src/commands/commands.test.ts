import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openHfModel, writeHfModel } from "@moonlight-rl/checkpoint";
import { hfTensors } from "@moonlight-rl/model";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { describe, expect, it } from "vitest";
import { toTorchDist } from "../stage.ts";
import { offsetOf, patch, withBoth } from "../testing/both-formats.ts";
import { diff } from "./diff.ts";
import { inspect } from "./inspect.ts";
import { verify } from "./verify.ts";

const context = {
  emit: () => {},
  signal: new AbortController().signal,
} as unknown as Parameters<typeof verify.run>[1];
const check = (path: string, model?: string) =>
  verify.run({ path, ...(model === undefined ? {} : { model }) }, context);
const compare = (a: string, b: string, tolerance = 0, filter = "*") =>
  diff.run({ a, b, tolerance, filter }, context);

describe("inspect", () => {
  it("shows the same weights in both formats, with how they are cut", () =>
    withBoth(async ({ model, checkpoint }) => {
      const [hf, dist] = [
        await inspect.run({ path: model, filter: "*" }, context),
        await inspect.run({ path: checkpoint, filter: "*" }, context),
      ];
      const { config, tensors } = await openHfModel(model);
      expect(hf).toMatchObject({
        format: "safetensors",
        total: { tensors: tensors.size, files: 1 },
      });
      expect(dist).toMatchObject({
        format: "torch_dist",
        iteration: "release",
        args: { num_layers: config.num_hidden_layers },
        total: { elements: hf.total.elements, chunks: tensors.size },
      });
      const experts = dist.tensors.find(({ name }) => name.endsWith("experts.linear_fc1.weight"));
      expect(experts?.grid?.slice(0, 2)).toEqual([config.n_routed_experts, 2]);
      const norms = await inspect.run(
        { path: join(model, "model.safetensors"), filter: "*layers.0.*t*_layernorm.weight" },
        context,
      );
      expect(norms.tensors.map(({ name }) => name).sort()).toEqual([
        "model.layers.0.input_layernorm.weight",
        "model.layers.0.post_attention_layernorm.weight",
        "model.layers.0.self_attn.kv_a_layernorm.weight",
      ]);
      const text = inspect.present?.(inspect.output.parse(dist)) ?? "";
      expect(text).toContain("saved with TP 1, PP 1");
      expect(text).toMatch(/experts\.linear_fc1\.weight +\w+ +\S+ .*×2×1/);
    }));

  it("and diff refuse a pattern that fits nothing, in either format", () =>
    withBoth(async ({ model, checkpoint }) => {
      const nothing = { code: "FILTER_NOTHING", exitCode: 2, field: "--filter" };
      for (const path of [model, checkpoint])
        await expect(inspect.run({ path, filter: "*.nothing" }, context)).rejects.toMatchObject(
          nothing,
        );
      // Across formats the names are Hugging Face's.
      await expect(compare(model, checkpoint, 0, "*.router.*")).rejects.toMatchObject(nothing);
      expect((await compare(model, checkpoint, 0, "*.mlp.gate.*")).equal).toBeGreaterThan(0);
    }));

  it("refuses what is no checkpoint, and one that lacks a shard", () =>
    withStage(toTorchDist, async (kit) => {
      const folder = await kit.files({
        "model.safetensors.index.json": '{"weight_map":{"a":"model-1.safetensors"}}',
      });
      await expect(inspect.run({ path: folder, filter: "*" }, context)).rejects.toMatchObject({
        code: "SHARD_MISSING",
        exitCode: 3,
      });
      await rm(join(folder, "model.safetensors.index.json"));
      for (const path of [folder, join(folder, "nothing")])
        await expect(inspect.run({ path, filter: "*" }, context)).rejects.toMatchObject({
          code: "CHECKPOINT_NOT_FOUND",
        });
    }));
});

describe("verify", () => {
  it("finds nothing wrong with what was converted, and reads all of it", () =>
    withBoth(async ({ model, checkpoint }) => {
      const { total } = await inspect.run({ path: checkpoint, filter: "*" }, context);
      expect(await check(model)).toMatchObject({ findings: [], against: "config.json" });
      expect(await check(checkpoint)).toMatchObject({ findings: [], against: "args" });
      expect(await check(checkpoint, model)).toMatchObject({
        findings: [],
        against: "config.json",
        bytes: total.bytes,
        chunks: total.chunks,
      });
    }));

  it("lists every NaN, flipped byte, missing file and disagreement at once", () =>
    withBoth(async ({ model, checkpoint }) => {
      const nan = new Uint8Array([0xff, 0xff, 0xff, 0xff]);
      for (const name of ["model.norm.weight", "model.layers.0.input_layernorm.weight"])
        await patch(join(model, "model.safetensors"), await offsetOf(model, name), nan);
      const found = (await check(model)).findings.map(({ code, name }) => `${code} ${name}`);
      expect(found.sort()).toEqual([
        "TENSOR_NOT_FINITE model.layers.0.input_layernorm.weight",
        "TENSOR_NOT_FINITE model.norm.weight",
      ]);

      const file = join(model, "config.json");
      const config = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
      await writeFile(file, JSON.stringify({ ...config, num_hidden_layers: 9 }));
      const codes = (await check(checkpoint, model)).findings.map(({ code }) => code);
      expect(new Set(codes)).toEqual(new Set(["ARGS_MISMATCH", "TENSOR_MISSING"]));
      await writeFile(file, JSON.stringify({ ...config, model_type: "qwen3" }));
      expect((await check(checkpoint, model)).findings).toMatchObject([
        { code: "MODEL_CONFIG_INVALID" },
      ]);

      // A byte of a payload: the first data file's middle lies in one.
      const data = join(checkpoint, "release", "__0_1.distcp");
      const bytes = await readFile(data);
      const at = bytes.length >> 1;
      await patch(data, at, new Uint8Array([(bytes[at] ?? 0) ^ 1]));
      const damaged = await check(checkpoint);
      expect(damaged.findings).toMatchObject([{ code: "CHUNK_CRC" }]);
      expect(verify.verdict?.(verify.output.parse(damaged))).toMatchObject({ exitCode: 4 });
      await rm(data);
      const missing = (await check(checkpoint)).findings;
      expect(missing.length).toBeGreaterThan(1);
      expect(new Set(missing.map(({ code }) => code))).toEqual(new Set(["FILE_MISSING"]));
    }));
});

describe("diff", () => {
  it("finds a model and its conversion equal, either way round", () =>
    withBoth(async ({ model, checkpoint }) => {
      const { size } = (await openHfModel(model)).tensors;
      for (const [a, b] of [
        [model, checkpoint],
        [checkpoint, model],
        [checkpoint, checkpoint],
        [model, model],
      ] as const) {
        const { different, equal } = await compare(a, b);
        expect(different).toBe(0);
        if (a !== b) expect(equal).toBe(size);
      }
    }));

  it("measures one changed element across formats, within a tolerance or not", () =>
    withBoth(async ({ model, checkpoint }) => {
      const name = "model.norm.weight";
      const source = await openHfModel(model);
      const before = Buffer.from(await source.read(name));
      const dtype = source.dtypeOf(name);
      const one = dtype === "F32" ? Buffer.from([0, 0, 0, 0x40]) : Buffer.from([0, 0x40]);
      await patch(join(model, "model.safetensors"), await offsetOf(model, name), one);
      const old =
        dtype === "F32"
          ? before.readFloatLE(0)
          : Buffer.concat([Buffer.alloc(2), before.subarray(0, 2)]).readFloatLE(0);
      const { tensors, different } = await compare(checkpoint, model);
      expect(different).toBe(1);
      expect(tensors.find((tensor) => tensor.name === name)).toMatchObject({
        status: "values",
        differing: 1,
        maxAbs: Math.abs(2 - old),
        maxRel: Math.abs(2 - old) / Math.max(2, Math.abs(old)),
        nonFinite: 0,
      });
      expect((await compare(checkpoint, model, 10)).different).toBe(0);
      expect((await compare(checkpoint, model, 0, "*.layers.*")).different).toBe(0);
    }));

  it("tells other dtypes, shapes and names apart, and needs a config across formats", () =>
    withBoth(async ({ model, checkpoint }) => {
      const source = await openHfModel(model);
      const [first, second, ...rest] = hfTensors(source.config);
      const all = new Map<string, Uint8Array>();
      for (const { name } of rest) all.set(name, await source.read(name));
      const other = join(model, "other");
      await writeHfModel(other, {
        tensors: [
          { name: first?.name ?? "", dtype: "F32", shape: [1], read: () => new Uint8Array(4) },
          ...rest.map(({ name, shape }) => ({
            name,
            shape,
            dtype: source.dtypeOf(name) ?? "F32",
            read: () => all.get(name) ?? new Uint8Array(0),
          })),
          { name: "new", dtype: "F32", shape: [1], read: () => new Uint8Array(4) },
        ],
      });
      const odd = (await compare(model, other)).tensors.filter(({ status }) => status !== "equal");
      expect(new Map(odd.map(({ name, status }) => [name, status]))).toEqual(
        new Map([
          [first?.name, "shape"],
          [second?.name, "only-a"],
          ["new", "only-b"],
        ]),
      );
      await rm(join(model, "config.json"));
      await expect(compare(model, checkpoint)).rejects.toMatchObject({
        code: "DIFF_CONFIG_MISSING",
        field: "model",
      });
    }));
});
