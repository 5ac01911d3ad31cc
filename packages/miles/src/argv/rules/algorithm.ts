import type { Args } from "../args.ts";
import { miles, override, rule, type Step } from "../step.ts";
import { ftTrainer } from "../world.ts";

const ppo = (a: Args): boolean => a.is("advantage_estimator", "ppo");

/** Loss, batches and what they silently default to. */
export const ALGORITHM_STEPS: readonly Step[] = [
  rule(
    "algorithm-two-kl-terms",
    miles(3086),
    ["--kl-coef", "--kl-loss-coef"],
    "KL in the reward and KL in the loss exclude each other",
    "Leave one of the two coefficients at 0.",
    (a) => a.num("kl_coef") !== 0 && a.num("kl_loss_coef") !== 0,
  ),
  rule(
    "algorithm-reinforce-normalises",
    miles(3089),
    ["--normalize-advantages", "--advantage-estimator"],
    "REINFORCE++ works on normalised advantages only",
    "Add --normalize-advantages.",
    (a) =>
      a.isOneOf("advantage_estimator", "reinforce_plus_plus", "reinforce_plus_plus_baseline") &&
      !a.on("normalize_advantages"),
  ),
  rule(
    "algorithm-rollout-logprobs-tis",
    miles(3095),
    ["--use-rollout-logprobs", "--use-tis"],
    "truncated importance sampling corrects between the two log-probabilities, of which only one is left",
    "Leave one of the two flags out.",
    (a) => a.on("use_rollout_logprobs") && a.on("use_tis"),
  ),
  rule(
    "algorithm-mismatch-metrics",
    miles(3099),
    ["--get-mismatch-metrics", "--custom-tis-function-path"],
    "the metrics come out of a custom function, and none is named",
    "Set --custom-tis-function-path.",
    (a) => a.on("get_mismatch_metrics") && a.none("custom_tis_function_path"),
  ),
  rule(
    "batch-dynamic-needs-tokens",
    miles(3108),
    ["--max-tokens-per-gpu", "--use-dynamic-batch-size"],
    "packing by tokens needs to know how many fit on a GPU",
    "Set --max-tokens-per-gpu.",
    (a) => a.on("use_dynamic_batch_size") && a.none("max_tokens_per_gpu"),
  ),
  override(
    "batch-logprob-tokens",
    miles(3110),
    ["--log-probs-max-tokens-per-gpu"],
    "scoring packs as many tokens as training unless told otherwise",
    (a) => {
      if (a.on("use_dynamic_batch_size") && a.none("log_probs_max_tokens_per_gpu")) {
        a.set("log_probs_max_tokens_per_gpu", a.get("max_tokens_per_gpu"));
      }
    },
  ),
  rule(
    "batch-dynamic-global",
    miles(3120),
    ["--use-dynamic-global-batch-size", "--use-dynamic-batch-size"],
    "a varying number of samples cannot be cut into fixed micro-batches",
    "Add --use-dynamic-batch-size.",
    (a) =>
      a.on("use_dynamic_global_batch_size") &&
      !a.on("multi_lora") &&
      !a.on("use_dynamic_batch_size"),
  ),
  rule(
    "batch-balance-by-flops",
    miles(3127),
    ["--balance-by-flops", "--use-dynamic-batch-size"],
    "balancing by work needs packing by tokens",
    "Add --use-dynamic-batch-size.",
    (a) => a.on("balance_by_flops") && !a.on("use_dynamic_batch_size"),
  ),
  override(
    "algorithm-clip-high",
    miles(3130),
    ["--eps-clip-high"],
    "the upper clip is the lower one unless given",
    (a) => {
      if (a.none("eps_clip_high")) a.set("eps_clip_high", a.get("eps_clip"));
    },
  ),
  override(
    "evaluation-reward-key",
    miles(3133),
    ["--eval-reward-key"],
    "evaluation reads the reward under the key of training unless given",
    (a) => {
      if (a.none("eval_reward_key")) a.set("eval_reward_key", a.get("reward_key"));
    },
  ),
  override(
    "debug-dump-paths",
    miles(3136),
    ["--dump-details", "--save-debug-rollout-data", "--save-debug-train-data"],
    "--dump-details decides where debug data goes, whatever the other flags say",
    (a) => {
      if (a.none("dump_details")) return;
      const folder = a.text("dump_details") ?? "";
      a.set("save_debug_rollout_data", `${folder}/rollout_data/{rollout_id}.pt`);
      a.set("save_debug_train_data", `${folder}/train_data/{rollout_id}_{rank}.pt`);
      a.set("save_debug_trajectory_data", `${folder}/trajectory/{rollout_id}.jsonl`);
      a.set("save_debug_event_data", `${folder}/events`);
    },
  ),
  override(
    "debug-loaded-rollouts",
    miles(3146),
    ["--load-debug-rollout-data", "--debug-train-only"],
    "with rollouts from files no engine is started",
    (a) => {
      if (!a.none("load_debug_rollout_data")) a.set("debug_train_only", true);
    },
  ),
  rule(
    "ci-inject-pair",
    miles(3148),
    ["--ci-inject-rollout-data-path", "--ci-inject-rollout-data-start-rollout-id"],
    "the two flags about injected rollouts belong together",
    "Give both, or neither.",
    (a) =>
      a.none("ci_inject_rollout_data_path") !== a.none("ci_inject_rollout_data_start_rollout_id"),
  ),
  rule(
    "ci-inject-load",
    miles(3152),
    ["--ci-inject-rollout-data-path", "--load-debug-rollout-data"],
    "rollouts are either replaced one by one or all loaded from files",
    "Leave one of the two out.",
    (a) => !a.none("ci_inject_rollout_data_path") && !a.none("load_debug_rollout_data"),
  ),
  override("critic-used", miles(3157), ["--advantage-estimator"], null, (a) => {
    a.set("use_critic", ppo(a));
  }),
  rule(
    "critic-bridge",
    miles(3162),
    ["--megatron-to-hf-mode", "--advantage-estimator"],
    "a critic cannot be built in bridge mode",
    "Use --megatron-to-hf-mode raw.",
    (a) => ppo(a) && a.is("megatron_to_hf_mode", "bridge"),
  ),
  rule(
    "critic-trainer",
    miles(3164),
    ["--advantage-estimator"],
    "the second fault-tolerant trainer does not know critics",
    "Unset MILES_EXPERIMENTAL_FT_TRAINER.",
    (a, world) => ppo(a) && ftTrainer(world),
  ),
  rule(
    "critic-reward-kl",
    miles(3169),
    ["--kl-coef", "--advantage-estimator"],
    "the critic never sees KL in the reward",
    "Set --kl-coef 0 and use --use-kl-loss.",
    (a) => ppo(a) && a.num("kl_coef") !== 0,
  ),
  override(
    "critic-defaults",
    miles(3178),
    ["--critic-load", "--critic-lr", "--critic-save"],
    null,
    (a) => {
      if (ppo(a)) {
        a.set("critic_num_gpus_per_node", a.get("actor_num_gpus_per_node"));
        a.set("critic_num_nodes", a.get("actor_num_nodes"));
      }
      if (a.none("critic_load")) a.set("critic_load", a.get("load"));
      if (a.none("critic_lr")) a.set("critic_lr", a.get("lr"));
      if (a.none("critic_save") && !a.none("save")) {
        a.set("critic_save", `${(a.text("save") ?? "").replace(/\/+$/, "")}_critic`);
      }
    },
  ),
];
