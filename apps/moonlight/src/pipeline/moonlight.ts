import { toHf, toTorchDist } from "@moonlight-rl/convert/stage";
import { evaluate } from "@moonlight-rl/eval/stage";
import { fetchAssets } from "@moonlight-rl/fetch/stage";
import { definePipeline, type Artifact } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config/stage";
import { train } from "@moonlight-rl/train/stage";
import { PROFILE_ASSETS, paramsSchema } from "./params.ts";
import { type StageId } from "./stage-ids.ts";

/** What the pipeline hands back; with `until` only what was reached. */
export interface MoonlightOutputs {
  model?: Artifact<"hf-model">;
  promptData?: Artifact<"hf-dataset">;
  evalData?: Artifact<"hf-dataset">;
  /** The model in Megatron's format. */
  base?: Artifact<"torch-dist">;
  recipe?: Artifact<"recipe">;
  before?: Artifact<"eval-result">;
  trained?: Artifact<"torch-dist">;
  /** The trained model in Hugging Face format. */
  policy?: Artifact<"hf-model">;
  after?: Artifact<"eval-result">;
}

/** The Moonlight pipeline: from repositories on a Hub to a trained policy and what it gained. */
export const moonlight = definePipeline({
  name: "moonlight",
  from: import.meta.url,
  params: paramsSchema,
  async run(
    stage,
    {
      profile,
      files,
      set,
      seed,
      root,
      until,
      endpoint,
      revision,
      rayAddress,
      miles,
      python,
      onInterrupt,
      ...chosen
    },
  ): Promise<MoonlightOutputs> {
    const assets = { ...PROFILE_ASSETS[profile], ...given(chosen) };
    const { backend } = assets;
    const outputs: MoonlightOutputs = {};
    const reached = (id: StageId): boolean => until === id;

    const { model, promptData, evalData } = await stage(fetchAssets, {
      model: assets.model,
      revision,
      promptData: assets.promptData,
      evalData: assets.evalData,
      ...given({ endpoint }),
    });
    Object.assign(outputs, { model, promptData, evalData });
    if (reached("fetch")) return outputs;

    const base = (await stage(toTorchDist, { model })).checkpoint;
    outputs.base = base;
    if (reached("convert")) return outputs;

    const seeds = seed === undefined ? [] : [`seed=${seed}`, `rollout.seed=${seed}`];
    const { recipe } = await stage(rolloutConfig, {
      profile,
      backend,
      model,
      files,
      set: [...seeds, ...set],
      ...given({ root }),
    });
    outputs.recipe = recipe;
    if (reached("rollout-config")) return outputs;

    // Problems that are also training prompts would make a gain look better than it is.
    const problems = { data: evalData, recipe, trainData: promptData };
    const before = (await stage(evaluate, { model, ...problems }, { id: "eval-base" })).result;
    outputs.before = before;
    if (reached("eval-base")) return outputs;

    const trained = (
      await stage(train, {
        recipe,
        checkpoint: base,
        model,
        promptData,
        evalData,
        backend,
        ...given({ rayAddress, miles, python, onInterrupt }),
      })
    ).checkpoint;
    outputs.trained = trained;
    if (reached("train")) return outputs;

    const policy = (await stage(toHf, { checkpoint: trained, model }, { id: "export" })).model;
    outputs.policy = policy;
    if (reached("export")) return outputs;

    outputs.after = (
      await stage(
        evaluate,
        { model: policy, ...problems, baseline: before },
        { id: "eval-trained" },
      )
    ).result;
    return outputs;
  },
});

/** The fields that have a value. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as never;
}
