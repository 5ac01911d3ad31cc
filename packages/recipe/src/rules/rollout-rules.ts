import { faultIf, type Rule } from "./rule.ts";

/** Whether counts are sane enough for arithmetic; otherwise `range-count` has spoken already. */
const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;

/** Package or module, and a function in it: `importlib.import_module` of all but the last name. */
const DOTTED_PATH = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)+$/u;

export const ROLLOUT_RULES: readonly Rule[] = [
  {
    id: "rollout-over-sampling",
    severity: "error",
    beyondReference: false,
    reference: 'AssertionError "should be greater than or equal to" (A:3397-3403).',
    check: ({ recipe: { rollout } }) =>
      faultIf(
        rollout.overSamplingBatchSize < rollout.rolloutBatchSize,
        "rollout.overSamplingBatchSize",
        `a wave of ${rollout.overSamplingBatchSize} prompts cannot fill a rollout of ${rollout.rolloutBatchSize}`,
        `Use at least ${rollout.rolloutBatchSize} (rollout.rolloutBatchSize).`,
      ),
  },
  {
    id: "rollout-steps-divide",
    severity: "error",
    beyondReference: true,
    reference:
      "Floor division without a check (A:3381-3389); the rest is trimmed with an info line, and once samples are trimmed the rewards of the whole batch are normalised as ONE group (TD:202-206).",
    check: ({ recipe: { rollout }, arithmetic }) =>
      faultIf(
        whole(rollout.numStepsPerRollout) &&
          arithmetic.globalBatchSize >= 1 &&
          arithmetic.trimmedSamples > 0,
        "rollout.numStepsPerRollout",
        `${arithmetic.samplesPerRollout} samples (rolloutBatchSize × nSamplesPerPrompt) do not divide into ${rollout.numStepsPerRollout} steps: ${arithmetic.trimmedSamples} would be thrown away and GRPO's groups merged`,
        `Use a divisor of ${arithmetic.samplesPerRollout}.`,
      ),
  },
  {
    id: "rollout-batch-data-parallel",
    severity: "error",
    beyondReference: false,
    reference:
      "Asserts in every actor: global batch % (micro batch × DP) (Megatron's micro-batch calculator, also with dynamic batch sizes), each step needs at least DP samples (DP:88-91); 0 samples per step is a bare assert (MG:500).",
    check: ({ recipe: { rollout, performance }, arithmetic }) => {
      const { globalBatchSize, dataParallelSize } = arithmetic;
      if (!whole(rollout.numStepsPerRollout) || !whole(performance.microBatchSize)) return [];
      const unit = performance.microBatchSize * (whole(dataParallelSize) ? dataParallelSize : 1);
      return faultIf(
        globalBatchSize < 1 || globalBatchSize % unit !== 0,
        "rollout.numStepsPerRollout",
        `${globalBatchSize} samples per step cannot be shared by ${dataParallelSize} data-parallel ranks in micro-batches of ${performance.microBatchSize}`,
        `Choose batch sizes and steps so that rolloutBatchSize × nSamplesPerPrompt ÷ numStepsPerRollout is a multiple of ${unit}.`,
      );
    },
  },
  {
    id: "rollout-temperature",
    severity: "error",
    beyondReference: true,
    reference:
      "Not checked. At 0 all samples of a group are equal, so the non-zero-std filter rejects every group and generation never ends (SR:485-591 has no cap on waves).",
    check: ({ recipe: { rollout } }) =>
      faultIf(
        !(rollout.temperature > 0),
        "rollout.temperature",
        `GRPO compares different samples of one prompt; temperature ${rollout.temperature} gives none`,
        "Use a temperature above 0 (the recipe: 1).",
      ),
  },
  {
    id: "rollout-group-of-one",
    severity: "error",
    beyondReference: true,
    reference:
      "Silently switches the std normalisation off (A:3393-3395); every advantage is then 0, and the non-zero-std filter rejects every group for ever.",
    check: ({ recipe: { rollout, algorithm } }) =>
      faultIf(
        rollout.nSamplesPerPrompt === 1 && algorithm.advantageEstimator === "grpo",
        "rollout.nSamplesPerPrompt",
        "with one sample per prompt a reward equals its group's mean, so nothing is learnt",
        "Use 2 or more (the recipe: 8).",
      ),
  },
  {
    id: "rollout-response-length",
    severity: "warning",
    beyondReference: true,
    reference: "Not checked.",
    check: ({ recipe: { rollout }, hfConfig }) =>
      faultIf(
        hfConfig !== undefined && rollout.maxResponseLen >= hfConfig.max_position_embeddings,
        "rollout.maxResponseLen",
        `${rollout.maxResponseLen} tokens and a prompt do not fit the model's ${hfConfig?.max_position_embeddings ?? 0} positions`,
        "Leave room for the prompt within max_position_embeddings.",
      ),
  },
  {
    id: "rollout-prompt-length",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (A:3436-3450).",
    check: ({ recipe: { rollout: r } }) =>
      faultIf(
        r.maxContextLen !== null && r.maxPromptLen !== null && r.maxPromptLen > r.maxContextLen - 1,
        "rollout.maxPromptLen",
        `a prompt of ${r.maxPromptLen ?? 0} tokens leaves no room in ${r.maxContextLen ?? 0}`,
        "Use less than rollout.maxContextLen.",
      ),
  },
  {
    id: "rollout-mask-without-partial",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Silent: there are no older tokens to mask.",
    check: ({ recipe: { rollout: r } }) =>
      faultIf(
        r.maskOffpolicyInPartialRollout && !r.partialRollout,
        "rollout.maskOffpolicyInPartialRollout",
        "without partial rollouts every token is of the current policy",
        "Set rollout.partialRollout=true, or this to false.",
      ),
  },
  {
    id: "rollout-remote-reward",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "A failing request per sample (rm_hub).",
    check: ({ recipe: { reward } }) =>
      faultIf(
        reward.rmType === "remote_rm" && reward.rmUrl === null && reward.customRmPath === null,
        "reward.rmUrl",
        "a remote grader needs an address",
        "Set reward.rmUrl.",
      ),
  },
  {
    id: "rollout-custom-reward",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference:
      "Not checked: an ImportError or ValueError out of the first sample that is graded (async_rm, rm_hub:46-48).",
    check: ({ recipe: { reward } }) => {
      const path = reward.customRmPath;
      return faultIf(
        path !== null && !DOTTED_PATH.test(path),
        "reward.customRmPath",
        path?.includes("#") === true
          ? `"${path}" has the form MODULE#EXPORT of the embedded backend; miles imports a dotted Python path`
          : `"${path ?? ""}" is no dotted Python path, which miles imports`,
        "Name a function of a Python module that every worker can import, such as my_graders.strict; MODULE#EXPORT is for backend embedded and for eval.",
      );
    },
  },
];
