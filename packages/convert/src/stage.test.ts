import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  openHfModel,
  openTorchDist,
  writeHfModel,
  writeTorchDist,
  megatronArgs,
  megatronSources,
  type HfModel,
  type TensorSource,
} from "@moonlight-rl/checkpoint";
import { hfTensors, parseHfConfig } from "@moonlight-rl/model";
import { adoptArtifact, type Artifact } from "@moonlight-rl/pipeline";
import { checkStageContract, withStage, type StageKit } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { describe, expect, it } from "vitest";
import { convert, toHf, toTorchDist } from "./stage.ts";

const tiny = join(assetsDirectory, "models", MODEL);

/** A failed toEqual on megabytes would print them for minutes. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** A copy of the tiny model in a folder of its own, to be spoiled. */
async function copyOf(kit: Pick<StageKit<typeof toTorchDist>, "files">): Promise<string> {
  const folder = await kit.files({});
  await cp(tiny, folder, { recursive: true });
  return folder;
}

describe("converting to torch_dist and back", () => {
  it("keeps the contract of stages, and every byte of every tensor", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    await withStage(toTorchDist, async (there) => {
      const { checkpoint } = await there.run({ model });
      const opened = await openTorchDist(checkpoint.path);
      expect(opened.iteration).toBe("release");
      await opened.close();
      await withStage(toHf, async (back) => {
        const { model: again } = await back.run({ checkpoint, model });
        const [source, result] = [await openHfModel(tiny), await openHfModel(again.path)];
        expect([...result.tensors.keys()].sort()).toEqual([...source.tensors.keys()].sort());
        for (const name of source.tensors.keys()) {
          expect(equal(await result.read(name), await source.read(name)), name).toBe(true);
        }
        // Our writer's order is a fixed point: from here on whole files are equal.
        const { checkpoint: second } = await there.run({ model: again });
        const { model: third } = await back.run({ checkpoint: second, model: again });
        const file = (folder: string): Promise<Uint8Array> =>
          readFile(join(folder, "model.safetensors"));
        expect(equal(await file(third.path), await file(again.path))).toBe(true);
        for (const name of [
          "config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "generation_config.json",
        ]) {
          expect(
            equal(await readFile(join(again.path, name)), await readFile(join(tiny, name))),
            name,
          ).toBe(true);
        }
      });
    });
  });

  it("is one command in both directions", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    const { checkpoint } = await checkStageContract(convert, { to: "torch_dist", model });
    expect(checkpoint?.kind).toBe("torch-dist");
    await expect(withStage(convert, (kit) => kit.run({ to: "hf", model }))).rejects.toMatchObject({
      code: "CONVERT_INPUT",
      field: "checkpoint",
    });
    await expect(withStage(convert, (kit) => kit.run({ to: "torch_dist" }))).rejects.toMatchObject({
      code: "CONVERT_INPUT",
      field: "model",
    });
  });

  it("works for models that the engine does not run: q-LoRA, several shards, tied embeddings, float32", async () => {
    const json = {
      model_type: "deepseek_v3",
      vocab_size: 16,
      hidden_size: 8,
      intermediate_size: 12,
      moe_intermediate_size: 4,
      num_hidden_layers: 3,
      num_attention_heads: 2,
      q_lora_rank: 4,
      kv_lora_rank: 4,
      qk_nope_head_dim: 4,
      qk_rope_head_dim: 2,
      v_head_dim: 4,
      n_routed_experts: 2,
      n_shared_experts: 1,
      num_experts_per_tok: 1,
      first_k_dense_replace: 2,
      routed_scaling_factor: 1,
      rms_norm_eps: 1e-6,
      rope_theta: 1e4,
      max_position_embeddings: 8,
      tie_word_embeddings: true,
    };
    await withStage(toTorchDist, async (there) => {
      const folder = await there.files({});
      const tensors = hfTensors(parseHfConfig(json)).map(({ name, shape }, i): TensorSource => {
        const values = Float32Array.from(
          { length: shape.reduce((a, b) => a * b, 1) },
          (_, j) => i + j / 7,
        );
        return { name, shape, dtype: "F32", read: () => new Uint8Array(values.buffer) };
      });
      await writeHfModel(folder, { config: json, tensors, maxShardBytes: 1000 });
      const model = await adoptArtifact("hf-model", folder);
      const { checkpoint } = await there.run({ model });
      await withStage(toHf, async (back) => {
        const result = await openHfModel((await back.run({ checkpoint, model })).model.path);
        const source = await openHfModel(folder);
        expect(source.files.length).toBeGreaterThan(3);
        for (const { name } of tensors)
          expect(Buffer.from(await result.read(name)).equals(await source.read(name)), name).toBe(
            true,
          );
        // The same shards and index too, since the source has the catalogue's order.
        for (const name of [...source.files, "model.safetensors.index.json"])
          expect(await readFile(join(result.folder, name))).toEqual(
            await readFile(join(folder, name)),
          );
      });
    });
  });
});

describe("a model that must not be converted", () => {
  const failing = (spoil: (folder: string) => Promise<void>, expected: object): Promise<void> =>
    withStage(toTorchDist, async (kit) => {
      const folder = await copyOf(kit);
      await spoil(folder);
      const model = await adoptArtifact("hf-model", folder);
      await expect(kit.run({ model })).rejects.toMatchObject(expected);
      expect(kit.events.some(({ type }) => type === "stage.finished")).toBe(false);
      expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
    });
  const editConfig = (changes: object) => async (folder: string) => {
    const file = join(folder, "config.json");
    await writeFile(
      file,
      JSON.stringify({ ...(JSON.parse(await readFile(file, "utf8")) as object), ...changes }),
    );
  };
  it("lacks layers that its config promises", () =>
    failing(editConfig({ num_hidden_layers: 9 }), {
      code: "TENSOR_MISSING",
      field: expect.stringContaining("layers.4"),
    }));
  it("has layers that its config does not know", () =>
    failing(editConfig({ num_hidden_layers: 3 }), { code: "TENSOR_UNEXPECTED" }));
  it("mixes dtypes in what Megatron stores as one tensor", () =>
    failing(
      async (folder) => {
        const model = await openHfModel(folder);
        const { config, tensors } = model;
        const all = new Map<string, Uint8Array>();
        for (const name of tensors.keys()) all.set(name, await model.read(name));
        const odd = "model.layers.0.mlp.up_proj.weight";
        await writeHfModel(folder, {
          tensors: hfTensors(config).map(({ name, shape }) => ({
            name,
            shape,
            dtype: name === odd ? "F16" : (tensors.get(name)?.dtype ?? "BF16"),
            read: () => all.get(name) ?? new Uint8Array(0),
          })),
        });
      },
      { code: "TENSOR_DTYPE", field: "model.layers.0.mlp.up_proj.weight" },
    ));
  it("is of another architecture", () =>
    failing(editConfig({ kv_lora_rank: undefined }), {
      code: "MODEL_CONFIG_INVALID",
      field: "kv_lora_rank",
    }));
});

describe("a trained checkpoint", () => {
  /** Iteration 3 of the tiny model, with further tensors, or with one of its own changed. */
  async function trained(
    folder: string,
    further: Record<string, Uint8Array>,
    change: (key: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes,
  ): Promise<{ checkpoint: Artifact<"torch-dist">; model: Artifact<"hf-model"> }> {
    const source: HfModel = await openHfModel(tiny);
    await writeTorchDist(folder, {
      iteration: 3,
      args: megatronArgs(source.config),
      tensors: [
        ...megatronSources(source.config, {
          dtypeOf: (name) => source.tensors.get(name)?.dtype,
          read: async (name) => change(name, await source.read(name)),
        }),
        ...Object.entries(further).map(([key, bytes]) => ({
          key,
          dtype: "F32" as const,
          shape: [bytes.length / 4],
          chunks: [{ offsets: [0], sizes: [bytes.length / 4], read: () => bytes }],
        })),
      ],
    });
    return {
      checkpoint: await adoptArtifact("torch-dist", folder),
      model: await adoptArtifact("hf-model", tiny),
    };
  }

  it("leaves out the optimizer's state and says so; folders beside the weights are copied", () =>
    withStage(toHf, async (kit) => {
      const input = await trained(await kit.files({}), {
        "optimizer.state.exp_avg.decoder.final_layernorm.weight": new Uint8Array(16),
      });
      const folder = await copyOf(kit);
      await mkdir(join(folder, "figures"));
      await writeFile(join(folder, "figures", "a.png"), "picture");
      await writeFile(join(folder, "pytorch_model.bin"), "old weights");
      await rm(join(folder, "provenance.json"), { force: true });
      const source = await adoptArtifact("hf-model", folder);
      const { model } = await kit.run({ checkpoint: input.checkpoint, model: source });
      expect(kit.events).toContainEqual(
        expect.objectContaining({ type: "log", message: expect.stringMatching(/^left out 1 /) }),
      );
      const result = await openHfModel(model.path);
      const source0 = await openHfModel(tiny);
      expect(new Set(result.tensors.keys())).toEqual(new Set(source0.tensors.keys()));
      const names = await readdir(model.path, { recursive: true });
      expect(names).toContain("figures/a.png");
      expect(names).not.toContain("pytorch_model.bin");
    }));

  it("is refused when it holds a tensor that would be lost, or NaN", async () => {
    await withStage(toHf, async (kit) => {
      const extra = await trained(await kit.files({}), { "decoder.adapter": new Uint8Array(4) });
      await expect(kit.run(extra)).rejects.toMatchObject({
        code: "TENSOR_UNEXPECTED",
        field: "decoder.adapter",
      });
      const broken = await trained(await kit.files({}), {}, (name, bytes) =>
        name === "model.norm.weight" ? new Uint8Array(bytes.length).fill(0xff) : bytes,
      );
      await expect(kit.run(broken)).rejects.toMatchObject({
        code: "TENSOR_NOT_FINITE",
        field: "model.norm.weight",
      });
      expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
    });
  });
});

describe("a checkpoint that must not be converted", () => {
  it("belongs to another config", async () => {
    await withStage(toTorchDist, async (there) => {
      const model = await adoptArtifact("hf-model", tiny);
      const { checkpoint } = await there.run({ model });
      const folder = await copyOf(there);
      const file = join(folder, "config.json");
      await writeFile(
        file,
        JSON.stringify({
          ...(JSON.parse(await readFile(file, "utf8")) as object),
          num_hidden_layers: 3,
        }),
      );
      const other: Artifact<"hf-model"> = await adoptArtifact("hf-model", folder);
      await expect(
        withStage(toHf, (back) => back.run({ checkpoint, model: other })),
      ).rejects.toMatchObject({ code: "TENSOR_UNEXPECTED" });
    });
  });
});
