import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { artifact, type Artifact } from "../artifact/artifact.ts";
import { runStage } from "../runner/run-stage.ts";
import { defineStage, type StageInput, type StageOutput } from "../stage/define-stage.ts";
import { definePipeline } from "./define-pipeline.ts";
import type { StageCall } from "./define-pipeline.ts";
import { runPipeline } from "./run-pipeline.ts";

// Nothing of this runs: the compiler is what is asked (gate `types`), and each @ts-expect-error fails it when the line compiles.
const pull = defineStage({
  name: "pull",
  from: import.meta.url,
  input: z.strictObject({ repo: z.string(), revision: z.string().default("main") }),
  output: z.object({ model: artifact("hf-model"), data: artifact("hf-dataset").optional() }),
  run: async () => Promise.reject(new Error("never run")),
});
const shard = defineStage({
  name: "shard",
  from: import.meta.url,
  input: z.strictObject({ model: artifact("hf-model"), parts: z.int() }),
  output: z.object({ checkpoint: artifact("torch-dist") }),
  run: async () => Promise.reject(new Error("never run")),
});
const call = (() => Promise.reject(new Error("never run"))) as StageCall;

describe("the contract's types", () => {
  it("infer what goes in, before defaults, and what comes out, after them", () => {
    expectTypeOf<StageInput<typeof pull>>().toEqualTypeOf<{
      repo: string;
      revision?: string | undefined;
    }>();
    expectTypeOf<StageOutput<typeof pull>["model"]>().toEqualTypeOf<Artifact<"hf-model">>();
    expectTypeOf<StageOutput<typeof pull>["data"]>().toEqualTypeOf<
      Artifact<"hf-dataset"> | undefined
    >();
    expectTypeOf(pull.name).toEqualTypeOf<"pull">();
    expectTypeOf(pull.contract).toEqualTypeOf<1>();
    expectTypeOf<Parameters<typeof pull.run>[0]>().toEqualTypeOf<{
      repo: string;
      revision: string;
    }>();
  });

  it("let stages compose whose artifact kinds fit", () => {
    const pipeline = definePipeline({
      name: "both",
      params: z.strictObject({ repo: z.string() }),
      run: async (stage, { repo }) => {
        expectTypeOf(repo).toEqualTypeOf<string>();
        const { model } = await stage(pull, { repo });
        return await stage(shard, { model, parts: 2 }, { id: "again" });
      },
    });
    const run = () => runPipeline(pipeline, { repo: "a/b" });
    expectTypeOf<Awaited<ReturnType<typeof run>>["outputs"]>().toEqualTypeOf<{
      checkpoint: Artifact<"torch-dist">;
    }>();
    // @ts-expect-error -- the parameter is missing
    void (() => runPipeline(pipeline, {}));
  });

  it("refuse an artifact of another kind", () => {
    void (async (model: Artifact<"hf-model">, data: Artifact<"hf-dataset">, any: Artifact) => {
      // @ts-expect-error -- a dataset is no model
      await call(shard, { model: data, parts: 2 });
      // @ts-expect-error -- nor is an artifact of which only this is known
      await call(shard, { model: any, parts: 2 });
      // @ts-expect-error -- nor a path
      await runStage(shard, { model: "./folder", parts: 2 });
      const { checkpoint } = await call(shard, { model, parts: 2 });
      // @ts-expect-error -- what a stage made is not what it was made from
      await call(shard, { model: checkpoint, parts: 2 });
      const { data: perhaps } = await call(pull, { repo: "a/b" });
      // @ts-expect-error -- an output that may be missing is no input that has to be there
      expectTypeOf(perhaps).toEqualTypeOf<Artifact<"hf-dataset">>();
    });
  });

  it("refuse fields that are missing, unknown or of another type", () => {
    void (async (model: Artifact<"hf-model">) => {
      // @ts-expect-error -- parts is missing
      await call(shard, { model });
      // @ts-expect-error -- parts is a number
      await call(shard, { model, parts: "2" });
      // @ts-expect-error -- there is no such field
      await call(shard, { model, parts: 2, threads: 4 });
      // @ts-expect-error -- nor such an option
      await call(shard, { model, parts: 2 }, { name: "again" });
    });
  });

  it("refuse a stage whose result is not its output, or that is of another contract", () => {
    defineStage({
      name: "wrong",
      from: import.meta.url,
      input: z.strictObject({}),
      output: z.object({ lines: z.int() }),
      // @ts-expect-error -- lines is a number
      run: async () => ({ lines: "many" }),
    });
    const other = { ...shard, contract: 2 } as const;
    // @ts-expect-error -- contract 2
    void ((model: Artifact<"hf-model">) => call(other, { model, parts: 2 }));
  });
});
