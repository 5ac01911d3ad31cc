import { diffRecipes, PROFILES, type Recipe } from "@moonlight-rl/recipe";
import { GRADER_NAMES, isGraderName, isRemote } from "@moonlight-rl/reward";

/** A recipe field that this backend cannot honour. */
export interface Refusal {
  readonly field: string;
  readonly reason: string;
}

/**
 * The fields that training here reads, by group. Every other field must stay as the tiny profile has it, so one that is
 * added to the recipe is refused until it is honoured.
 */
const HONOURED: Readonly<Record<string, readonly string[]>> = {
  model: ["name", "hfCheckpoint"],
  data: ["promptData", "inputKey", "labelKey", "applyChatTemplate", "metadataKey"],
  checkpoint: ["saveInterval"],
  rollout: [
    "numRollout",
    "rolloutBatchSize",
    "nSamplesPerPrompt",
    "overSamplingBatchSize",
    "dynamicSamplingFilter",
    "numStepsPerRollout",
    "maxResponseLen",
    "temperature",
    "topP",
    "topK",
    "stopTokenIds",
    "shuffle",
    "seed",
    "partialRollout",
    "maskOffpolicyInPartialRollout",
    "maxPromptLen",
    "balanceData",
  ],
  reward: ["rmType", "rmUrl", "rewardKey", "evalRewardKey", "customRmPath"],
  algorithm: [
    "advantageEstimator",
    "epsClip",
    "epsClipHigh",
    "epsClipC",
    "useKlLoss",
    "klLossCoef",
    "klLossType",
    "useUnbiasedKl",
    "klCoef",
    "refUpdateInterval",
    "entropyCoef",
    "grpoStdNormalization",
    "rewardsNormalization",
    "normalizeAdvantages",
    "calculatePerTokenLoss",
    "gamma",
    "useRolloutLogprobs",
    "useTis",
    "tisClip",
    "tisClipLow",
    "useOpsm",
    "opsmDelta",
    "observeTrainingEntropy",
  ],
  optimizer: [
    "lr",
    "minLr",
    "lrDecayStyle",
    "lrDecayIters",
    "lrWarmupIters",
    "lrWarmupFraction",
    "lrWarmupInit",
    "lrWsdDecayIters",
    "lrWsdDecayStyle",
    "weightDecay",
    "adamBeta1",
    "adamBeta2",
    "adamEps",
    "clipGrad",
  ],
  performance: ["useDynamicBatchSize", "maxTokensPerGpu", "microBatchSize"],
  tracking: ["logPassrate"],
  eval: [
    "interval",
    "datasets",
    "nSamplesPerPrompt",
    "maxResponseLen",
    "temperature",
    "topP",
    "topK",
    "maxPromptLen",
    "skipBeforeTrain",
  ],
};
const HONOURED_PATHS = new Set([
  "profile",
  "seed",
  ...Object.entries(HONOURED).flatMap(([group, keys]) => keys.map((key) => `${group}.${key}`)),
]);

/** Why, where it is not simply that only the miles backend has such a thing. */
const REASONS: Readonly<Record<string, string>> = {
  "optimizer.name": "the optimizer is Adam",
};
const FOLDER = "the train stage reads its checkpoint artifact and saves in its own folder";

const GRADERS_HERE = `the graders here are ${GRADER_NAMES.join(", ")}, each also as boxed_…, and remote_rm`;

function isKnownGrader(name: string): boolean {
  return isGraderName(name) || isRemote(name);
}

/** Every field of the recipe that would be dropped silently if nobody said so, in the order of the schema. */
export function refuseFields(recipe: Recipe): Refusal[] {
  const refusals: Refusal[] = diffRecipes(PROFILES.tiny.recipe(""), recipe)
    .filter(({ path }) => !HONOURED_PATHS.has(path))
    .map(({ path, after }) => ({
      field: path,
      reason:
        typeof after === "string" && path.startsWith("checkpoint.")
          ? FOLDER
          : (REASONS[path] ?? "only the miles backend has this"),
    }));
  if (!isKnownGrader(recipe.reward.rmType)) {
    refusals.push({ field: "reward.rmType", reason: GRADERS_HERE });
  }
  if (recipe.algorithm.advantageEstimator === "ppo") {
    refusals.push({ field: "algorithm.advantageEstimator", reason: "no critic is trained here" });
  }
  for (const [i, { rmType }] of recipe.eval.datasets.entries()) {
    if (rmType === undefined || isKnownGrader(rmType)) continue;
    refusals.push({ field: `eval.datasets.${i}.rmType`, reason: GRADERS_HERE });
  }
  return refusals;
}
