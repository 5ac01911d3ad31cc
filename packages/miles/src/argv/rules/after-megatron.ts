import { override, rule, type Step } from "../step.ts";

/** What miles still does after Megatron is content. */
export const AFTER_MEGATRON_STEPS: readonly Step[] = [
  override(
    "dispatcher-allgather",
    "miles/utils/arguments.py:2681",
    ["--moe-token-dispatcher-type"],
    "sequences vary in length, which the allgather dispatcher cannot carry: alltoall is used",
    (a) => {
      a.set("variable_seq_lengths", true);
      if (a.is("moe_token_dispatcher_type", "allgather")) {
        a.set("moe_token_dispatcher_type", "alltoall");
      }
    },
  ),
  rule(
    "pipeline-single-uneven",
    "miles/utils/arguments.py:2684",
    ["--decoder-first-pipeline-num-layers", "--decoder-last-pipeline-num-layers"],
    "without a pipeline there is no first or last stage",
    "Drop the flags.",
    (a) =>
      a.is("pipeline_model_parallel_size", 1) &&
      (!a.none("decoder_first_pipeline_num_layers") || !a.none("decoder_last_pipeline_num_layers")),
  ),
  override(
    "engines-tensor-parallel",
    "miles/backends/sglang_utils/arguments.py:184",
    ["--sglang-tp-size", "--rollout-num-gpus-per-engine"],
    "an engine's tensor parallelism is --rollout-num-gpus-per-engine, whatever --sglang-tp-size says",
    (a) => {
      a.set("sglang_tp_size", a.get("rollout_num_gpus_per_engine"));
      if (a.on("true_on_policy_mode") || a.on("recompute_logprobs_via_prefill")) {
        a.set("sglang_enable_deterministic_inference", true);
      }
    },
  ),
  rule(
    "engines-data-parallel",
    "miles/backends/sglang_utils/arguments.py:194",
    ["--sglang-enable-dp-attention", "--sglang-dp-size"],
    "engines are data parallel in the attention only",
    "Add --sglang-enable-dp-attention.",
    (a) => a.num("sglang_dp_size") > 1 && !a.on("sglang_enable_dp_attention"),
  ),
  override(
    "engines-router",
    "miles/backends/sglang_utils/arguments.py:197",
    ["--router-dp-aware", "--sglang-router-policy"],
    "the router follows data-parallel attention and sessions",
    (a) => {
      if (a.on("sglang_enable_dp_attention")) a.set("router_dp_aware", true);
      if (a.none("sglang_router_policy") && a.on("use_session_server")) {
        a.set("sglang_router_policy", "manual");
        if (a.is("router_assignment_mode", "random")) a.set("router_assignment_mode", "min_load");
      }
    },
  ),
  rule(
    "fully-async-driver",
    "train.py:23",
    ["--fully-async"],
    "train.py trains step by step; it is train_async.py that does not",
    "Drop --fully-async.",
    (a) => a.on("fully_async"),
  ),
];
