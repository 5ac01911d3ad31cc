import { toHf, toTorchDist } from "@moonlight-rl/convert/stage";
import { evaluate } from "@moonlight-rl/eval/stage";
import { fetchAssets } from "@moonlight-rl/fetch/stage";
import { definePipeline, type Artifact } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config/stage";
import { train } from "@moonlight-rl/train/stage";
import { PROFILE_ASSETS, paramsSchema, type Params } from "./params.ts";
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
  async check(params) {
    const { checkChoices } = await import("@moonlight-rl/rollout-config");
    await checkChoices(recipeChoices(params));
  },
  async run(stage, params): Promise<MoonlightOutputs> {
    const { until, endpoint, revision, rayAddress, miles, python, onInterrupt } = params;
    const { model: repo, promptData: prompts, evalData: problems } = params;
    const assets = {
      ...PROFILE_ASSETS[params.profile],
      ...given({ model: repo, promptData: prompts, evalData: problems }),
    };
    const choices = recipeChoices(params);
    const { backend } = choices;
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

    const { recipe } = await stage(rolloutConfig, { ...choices, model });
    outputs.recipe = recipe;
    if (reached("rollout-config")) return outputs;

    // Problems that are also training prompts would make a gain look better than it is.
    const asked = { data: evalData, recipe, trainData: promptData };
    const before = (await stage(evaluate, { model, ...asked }, { id: "eval-base" })).result;
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
      await stage(evaluate, { model: policy, ...asked, baseline: before }, { id: "eval-trained" })
    ).result;
    return outputs;
  },
});

/** What decides the recipe, the model aside. */
function recipeChoices({ profile, backend, files, set, seed, root }: Params) {
  const seeds = seed === undefined ? [] : [`seed=${seed}`, `rollout.seed=${seed}`];
  return {
    profile,
    backend: backend ?? PROFILE_ASSETS[profile].backend,
    files,
    set: [...seeds, ...set],
    ...given({ root }),
  };
}

/** The fields that have a value. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as never;
}
