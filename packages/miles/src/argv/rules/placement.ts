import type { Args } from "../args.ts";
import { floorDivide } from "../python-number.ts";
import { miles, override, rule, type Step } from "../step.ts";

const p2p = (a: Args): boolean => a.is("update_weight_transfer_mode", "p2p");
const delta = (a: Args): boolean => a.is("update_weight_transfer_mode", "disk-delta");
const gpus = (a: Args): number => a.num("actor_num_gpus_per_node") * a.num("actor_num_nodes");

/** Who runs on which GPUs, and how weights get to the engines. */
export const PLACEMENT_STEPS: readonly Step[] = [
  override(
    "offload-both",
    miles(3186),
    ["--offload", "--no-offload-train", "--no-offload-rollout"],
    "--offload switches both kinds of offloading on, even over --no-offload-train",
    (a) => {
      if (a.on("offload")) {
        a.set("offload_train", true);
        a.set("offload_rollout", true);
      }
      a.delete("offload");
    },
  ),
  rule(
    "debug-rollout-needs-gpus",
    miles(3194),
    ["--rollout-num-gpus", "--debug-rollout-only"],
    "without --colocate the number of GPUs for rollouts is unknown",
    "Set --rollout-num-gpus.",
    (a) => a.on("debug_rollout_only") && !a.on("colocate") && a.none("rollout_num_gpus"),
  ),
  rule(
    "debug-rollout-no-gpus",
    miles(3195),
    ["--rollout-num-gpus", "--debug-rollout-only"],
    "rollouts alone need at least one GPU",
    "Set --rollout-num-gpus.",
    (a) => a.on("debug_rollout_only") && !a.on("colocate") && a.is("rollout_num_gpus", 0),
  ),
  override(
    "debug-rollout-gpus",
    miles(3192),
    ["--rollout-num-gpus", "--actor-num-nodes", "--actor-num-gpus-per-node"],
    "without training all GPUs belong to the rollouts, on nodes of 8",
    (a) => {
      if (!a.on("debug_rollout_only")) return;
      if (a.on("colocate") && !a.on("rollout_num_gpus")) {
        a.set("rollout_num_gpus", gpus(a));
        return;
      }
      const total = a.num("rollout_num_gpus");
      a.set("actor_num_gpus_per_node", Math.min(8, total));
      a.set("actor_num_nodes", floorDivide(total, Math.min(8, total)));
    },
  ),
  override(
    "debug-rollout-only",
    miles(3196),
    ["--debug-rollout-only", "--colocate", "--offload-train", "--train-memory-margin-bytes"],
    "without training there is nothing to share GPUs with or to offload",
    (a) => {
      if (!a.on("debug_rollout_only")) return;
      a.set("colocate", false);
      a.set("offload_train", false);
      a.set("offload_rollout", false);
      if (a.num("train_memory_margin_bytes") > 0) a.set("train_memory_margin_bytes", 0);
    },
  ),
  rule(
    "debug-only-one",
    miles(3202),
    ["--debug-rollout-only", "--debug-train-only"],
    "only rollouts and only training exclude each other",
    "Leave one of the two out.",
    (a) => a.on("debug_rollout_only") && a.on("debug_train_only"),
  ),
  override(
    "ci-weight-check",
    miles(3212),
    ["--ci-test", "--check-weight-update-equal"],
    "a CI run also compares the engines' weights after each update",
    (a) => {
      const debug = a.on("debug_rollout_only") || a.on("debug_train_only");
      if (a.on("ci_test") && !debug && !a.on("ci_disable_weight_update_checker")) {
        a.set("check_weight_update_equal", true);
      }
    },
  ),
  rule(
    "transfer-p2p-colocate",
    miles(3216),
    ["--update-weight-transfer-mode", "--colocate"],
    "weights are sent from GPU to GPU, but trainer and engine share one",
    "Use broadcast, or drop --colocate.",
    (a) => p2p(a) && a.on("colocate"),
  ),
  rule(
    "transfer-p2p-prefill",
    miles(3221),
    ["--update-weight-transfer-mode", "--prefill-num-servers"],
    "sending from GPU to GPU does not know separate prefill servers",
    "Use broadcast.",
    (a) => p2p(a) && !a.none("prefill_num_servers"),
  ),
  rule(
    "transfer-p2p-lora",
    miles(3223),
    ["--update-weight-transfer-mode", "--lora-rank"],
    "adapters cannot be sent from GPU to GPU",
    "Use broadcast.",
    (a) => p2p(a) && a.num("lora_rank") > 0,
  ),
  rule(
    "transfer-delta-colocate",
    miles(3226),
    ["--update-weight-transfer-mode", "--colocate"],
    "on shared GPUs weights need no way over the disk",
    "Use broadcast, or drop --colocate.",
    (a) => delta(a) && a.on("colocate"),
  ),
  rule(
    "transfer-delta-prefill",
    miles(3232),
    ["--update-weight-transfer-mode", "--prefill-num-servers"],
    "the way over the disk does not know separate prefill servers",
    "Use broadcast.",
    (a) => delta(a) && !a.none("prefill_num_servers"),
  ),
  rule(
    "transfer-delta-lora",
    miles(3234),
    ["--update-weight-transfer-mode", "--lora-rank"],
    "adapters do not go over the disk",
    "Use broadcast.",
    (a) => delta(a) && a.num("lora_rank") > 0,
  ),
  rule(
    "transfer-delta-folder",
    miles(3235),
    ["--update-weight-disk-dir"],
    "the way over the disk needs a folder that trainer and engines share",
    "Set --update-weight-disk-dir.",
    (a) => delta(a) && !a.on("update_weight_disk_dir"),
  ),
  rule(
    "transfer-delta-local",
    miles(3239),
    ["--update-weight-local-checkpoint-dir"],
    "each engine needs a folder of its own for the weights",
    "Set --update-weight-local-checkpoint-dir.",
    (a) => delta(a) && !a.on("update_weight_local_checkpoint_dir"),
  ),
  rule(
    "transfer-delta-baseline",
    miles(3243),
    ["--hf-checkpoint"],
    "the first weights are read from a local checkpoint",
    "Point --hf-checkpoint at a folder.",
    (a, { files }) => {
      if (!delta(a)) return false;
      const kind = files.kind(a.text("hf_checkpoint") ?? "");
      return kind === "absent" || kind === "file";
    },
  ),
  override(
    "colocate-offload",
    miles(3250),
    ["--colocate", "--offload-train", "--offload-rollout"],
    "on shared GPUs trainer and engines make room for each other unless told not to",
    (a) => {
      if (!a.on("colocate")) return;
      if (a.none("offload_train")) a.set("offload_train", true);
      if (a.none("offload_rollout")) a.set("offload_rollout", true);
    },
  ),
  override(
    "colocate-prefill-graph",
    miles(3254),
    ["--sglang-cuda-graph-backend-prefill"],
    "on shared GPUs CUDA graphs of prefill are off unless asked for",
    (a) => {
      if (a.on("colocate") && a.none("sglang_cuda_graph_backend_prefill")) {
        a.set("sglang_cuda_graph_backend_prefill", "disabled");
      }
    },
  ),
  override(
    "colocate-gpus",
    miles(3269),
    ["--rollout-num-gpus"],
    "on shared GPUs the engines get exactly the trainer's GPUs",
    (a) => {
      if (a.on("colocate")) a.set("rollout_num_gpus", gpus(a));
    },
  ),
  override("offload-defaults", miles(3273), ["--offload-train", "--offload-rollout"], null, (a) => {
    if (a.on("use_critic") && !a.on("debug_rollout_only") && a.none("offload_train")) {
      a.set("offload_train", true);
    }
    if (a.none("offload_train")) a.set("offload_train", false);
    if (a.none("offload_rollout")) a.set("offload_rollout", false);
    if (!a.on("offload_train")) return;
    a.set("disable_grad_buffers_cpu_backup", true);
    a.set("disable_param_buffers_cpu_backup", true);
  }),
];
