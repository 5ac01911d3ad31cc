import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { definePipeline } from "../run/define-pipeline.ts";
import { defineStage, type StageInput, type StageOutput } from "../stage/define-stage.ts";
import { artifact, artifactMark, isArtifact, type Artifact } from "./artifact.ts";

const model: Artifact<"hf-model"> = {
  kind: "hf-model",
  kindVersion: 1,
  digest: "a".repeat(64),
  path: "/store/hf-model",
  meta: {},
};

describe("artifact()", () => {
  it("accepts its kind only, and names both kinds otherwise", () => {
    expect(artifact("hf-model").parse(model)).toBe(model);
    expect(artifact("torch-dist").safeParse(model).error?.issues[0]?.message).toBe(
      "expected an artifact of kind torch-dist (version 1), got hf-model (version 1)",
    );
    expect(artifact("hf-model", 2).safeParse(model).success).toBe(false);
    expect(artifact("hf-model").safeParse("/some/path").error?.issues[0]?.message).toBe(
      "expected an artifact of kind hf-model",
    );
  });

  it("keeps its mark through description and wrappers that keep the schema", () => {
    expect(artifactMark(artifact("hf-model").describe("The model."))).toEqual({
      kind: "hf-model",
      kindVersion: 1,
    });
    expect(artifactMark(z.string())).toBeUndefined();
  });
});

it("recognises artifacts by shape", () => {
  expect(isArtifact({ ...model })).toBe(true);
  expect([{ ...model, digest: "abc" }, { kind: "x" }, null, "x"].some(isArtifact)).toBe(false);
});

describe("types", () => {
  const convert = defineStage({
    name: "convert",
    from: import.meta.url,
    input: z.object({ checkpoint: artifact("hf-model"), shards: z.int().default(1) }),
    output: z.object({ checkpoint: artifact("torch-dist") }),
    run: async (input) => {
      expectTypeOf(input).toEqualTypeOf<{ checkpoint: Artifact<"hf-model">; shards: number }>();
      return { checkpoint: { ...model, kind: "torch-dist" as const } };
    },
  });

  it("are inferred from the schemas", () => {
    expectTypeOf<StageInput<typeof convert>>().toEqualTypeOf<{
      checkpoint: Artifact<"hf-model">;
      shards?: number | undefined;
    }>();
    expectTypeOf<StageOutput<typeof convert>>().toEqualTypeOf<{
      checkpoint: Artifact<"torch-dist">;
    }>();
    expectTypeOf(convert.name).toEqualTypeOf<"convert">();
  });

  it("let stages compose only where kinds fit", () => {
    const pipeline = definePipeline({
      name: "types",
      params: z.object({}),
      async run(stage) {
        const made = await stage(convert, { checkpoint: model });
        expectTypeOf(made.checkpoint).toEqualTypeOf<Artifact<"torch-dist">>();
        // @ts-expect-error a torch-dist checkpoint is no hf-model
        await stage(convert, { checkpoint: made.checkpoint });
        // @ts-expect-error there is no such field
        await stage(convert, { checkpoint: model, shard: 2 });
        return made;
      },
    });
    expectTypeOf<(typeof pipeline)["run"]>().returns.resolves.toEqualTypeOf<{
      checkpoint: Artifact<"torch-dist">;
    }>();
  });

  it("check what a stage returns", () => {
    defineStage({
      name: "wrong",
      from: import.meta.url,
      input: z.object({}),
      output: z.object({ value: z.number() }),
      // @ts-expect-error the output is a number
      run: async () => ({ value: "1" }),
    });
  });
});
