import { toHf, toTorchDist } from "@moonlight-rl/convert/stage";
import { evaluate } from "@moonlight-rl/eval/stage";
import { fetch, fetchAssets } from "@moonlight-rl/fetch/stage";
import type { Artifact, StageCall, StageOutput } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config/stage";
import { train } from "@moonlight-rl/train/stage";
import { describe, expectTypeOf, it } from "vitest";

const call = (() => Promise.reject(new Error("never run"))) as StageCall;
const asked = { model: "a/b", promptData: "a/c", evalData: "a/d" };

// Nothing of this runs: the compiler is what is asked (gate `types`).
describe("the stages' own types", () => {
  it("fit along the pipeline", () => {
    expectTypeOf<StageOutput<typeof fetchAssets>["model"]>().toEqualTypeOf<Artifact<"hf-model">>();
    expectTypeOf<StageOutput<typeof toTorchDist>["checkpoint"]>().toEqualTypeOf<
      Artifact<"torch-dist">
    >();
    expectTypeOf<StageOutput<typeof train>["checkpoint"]>().toEqualTypeOf<Artifact<"torch-dist">>();
    expectTypeOf<StageOutput<typeof rolloutConfig>["recipe"]>().toEqualTypeOf<Artifact<"recipe">>();
    expectTypeOf<StageOutput<typeof evaluate>["result"]>().toEqualTypeOf<Artifact<"eval-result">>();
  });

  it("do not fit in a wrong order", () => {
    void (async () => {
      const { model, promptData, evalData } = await call(fetchAssets, asked);
      const { recipe } = await call(rolloutConfig, { profile: "tiny", model });
      const { checkpoint } = await call(toTorchDist, { model });
      const rest = { recipe, model, promptData, evalData };
      // @ts-expect-error -- training starts from a converted checkpoint
      await call(train, { ...rest, checkpoint: model });
      // @ts-expect-error -- prompts are data, not a recipe
      await call(train, { ...rest, checkpoint, promptData: recipe });
      // @ts-expect-error -- what is converted back is a checkpoint
      await call(toHf, { model, checkpoint: model });
      // @ts-expect-error -- what is evaluated has weights in the Hugging Face format
      await call(evaluate, { model: checkpoint, data: evalData });
      // @ts-expect-error -- a result is compared with a result
      await call(evaluate, { model, data: evalData, baseline: evalData });
      // @ts-expect-error -- fetch may leave out what was not asked for
      await call(toTorchDist, { model: (await call(fetch, asked)).model });
    });
  });
});
