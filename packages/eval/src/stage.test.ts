import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeHfModel } from "@moonlight-rl/checkpoint";
import { initialParameters, parameterLayout, parameterTensors } from "@moonlight-rl/embedded";
import { parseHfConfig } from "@moonlight-rl/model";
import { adoptArtifact, type Artifact } from "@moonlight-rl/pipeline";
import { checkStageContract, withStage, type StageKit } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { describe, expect, it } from "vitest";
import { readEvalResult } from "./result/read-result.ts";
import { evaluate } from "./stage.ts";

type Kit = StageKit<typeof evaluate>;

/** A small model of fresh weights with the bundled tokenizer: it answers nonsense, but it answers. */
async function freshModel(kit: Kit, seed: number): Promise<Artifact<"hf-model">> {
  const files = Object.fromEntries(
    await Promise.all(
      ["tokenizer.json", "tokenizer_config.json"].map(async (name) => [
        name,
        await readFile(join(assetsDirectory, "models", MODEL, name)),
      ]),
    ),
  ) as Record<string, Uint8Array>;
  const folder = await kit.files(files);
  const json = {
    model_type: "deepseek_v3",
    vocab_size: 64,
    hidden_size: 16,
    intermediate_size: 24,
    moe_intermediate_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    q_lora_rank: null,
    kv_lora_rank: 8,
    qk_nope_head_dim: 6,
    qk_rope_head_dim: 4,
    v_head_dim: 5,
    n_routed_experts: 4,
    n_shared_experts: 1,
    num_experts_per_tok: 2,
    first_k_dense_replace: 1,
    routed_scaling_factor: 1.5,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    max_position_embeddings: 64,
  };
  const config = parseHfConfig(json);
  await writeHfModel(folder, {
    config: json,
    tensors: parameterTensors(parameterLayout(config), initialParameters(config, seed), "F32"),
  });
  return adoptArtifact("hf-model", folder);
}

function problems(kit: Kit, count: number): Promise<Artifact<"hf-dataset">> {
  const rows = Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      prompt: [{ role: "user", content: `${i} + 1 = ?` }],
      label: String(i + 1),
    }),
  );
  return kit.artifact("hf-dataset", { "set.jsonl": rows.join("\n") });
}

const settings = { nSamplesPerPrompt: 64, maxResponseLen: 3, seed: 5, threads: 1 } as const;

describe("the eval stage", () => {
  it("keeps the contract of stages", async () => {
    const output = await checkStageContract(evaluate, async (kit) => ({
      model: await freshModel(kit, 1),
      data: await problems(kit, 3),
      ...settings,
    }));
    expect(output.summary).toMatchObject({ n: 64, problems: 3 });
    expect(output.summary.truncatedShare).toBeGreaterThan(0.1);
  });

  it("ends after an interruption with the bytes of an undisturbed run", async () => {
    const run = (interrupt: boolean): Promise<string[]> =>
      withStage(evaluate, async (kit) => {
        const input = {
          model: await freshModel(kit, 1),
          data: await problems(kit, 9),
          ...settings,
        };
        if (interrupt) {
          const stop = new AbortController();
          const first = kit.run(input, {
            signal: stop.signal,
            // The second batch is under way or done: the first is on record.
            onEvent: (event) => {
              if (event.type === "progress" && event.task === "eval set" && event.done > 256) {
                stop.abort();
              }
            },
          });
          await expect(first).rejects.toMatchObject({ code: "INTERRUPTED" });
        }
        const { result } = await kit.run(input);
        if (interrupt) {
          const logs = kit.events.filter((event) => event.type === "log");
          expect(logs.map(({ message }) => message).join()).toMatch(
            /\d+ samples were on record already/,
          );
        }
        return Promise.all(
          ["results.json", "samples.ndjson"].map((name) =>
            readFile(join(result.path, name), "utf8"),
          ),
        );
      });
    const [undisturbed, resumed] = [await run(false), await run(true)];
    expect(resumed).toEqual(undisturbed);
    expect(undisturbed[1]?.trim().split("\n")).toHaveLength(9 * 64);
  });

  it("evaluates several sets with one engine, each as it would be alone", async () => {
    await withStage(evaluate, async (kit) => {
      const model = await freshModel(kit, 1);
      const [a, b] = [await problems(kit, 3), await problems(kit, 5)];
      const shared = { model, maxResponseLen: 3, threads: 1 };
      const datasets = [
        { name: "a", data: a, nSamplesPerPrompt: 4, seed: 5 },
        { name: "b", data: b, nSamplesPerPrompt: 2, temperature: 0 },
      ];
      const { result } = await kit.run({ ...shared, datasets });
      const alone = await kit.run({ ...shared, ...datasets[1] });
      const text = (path: string): Promise<string> => readFile(path, "utf8");
      expect(await text(join(result.path, "sets", "b", "samples.ndjson"))).toBe(
        await text(join(alone.result.path, "samples.ndjson")),
      );
      expect((await readEvalResult(result.path, "b")).settings).toMatchObject({ temperature: 0 });
    });
  });

  it("compares with a baseline, and refuses one of other problems", async () => {
    await withStage(evaluate, async (kit) => {
      const data = await problems(kit, 4);
      const small = { ...settings, nSamplesPerPrompt: 4 };
      const base = await kit.run({ model: await freshModel(kit, 1), data, ...small });
      const other = await freshModel(kit, 2);
      const input = { model: other, data, baseline: base.result, ...small };
      const { summary, result } = await kit.run(input);
      expect(summary.comparison?.pValue).toBeGreaterThan(0);
      const stored = await readEvalResult(result.path);
      expect(stored.comparison?.baseline.digest).toBe(base.result.digest);
      await expect(kit.run({ ...input, data: await problems(kit, 5) })).rejects.toMatchObject({
        code: "EVAL_NOT_COMPARABLE",
      });
    });
  });

  it("emits progress, metrics, samples and warnings", async () => {
    await withStage(evaluate, async (kit) => {
      await kit.run({
        model: await freshModel(kit, 1),
        data: await problems(kit, 3),
        name: "tiny",
        ...settings,
        nSamplesPerPrompt: 2,
      });
      const metric = kit.events.find((event) => event.type === "metric");
      expect(Object.keys(metric?.values ?? {})).toContain("eval/tiny");
      const samples = kit.events.filter((event) => event.type === "sample");
      expect(samples.map(({ group, index }) => [group, index])).toEqual([
        [0, 0],
        [1, 0],
        [2, 0],
      ]);
      const codes = kit.events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
      expect(codes).toContain("EVAL_FEW_PROBLEMS");
    });
  });

  it("plans without doing", async () => {
    await withStage(evaluate, async (kit) => {
      const input = { model: await freshModel(kit, 1), data: await problems(kit, 3), ...settings };
      expect((await kit.plan(input)).actions?.[0]?.title).toBe(
        "sample 3 problems × 64, at most 3 tokens each",
      );
    });
  });
});
