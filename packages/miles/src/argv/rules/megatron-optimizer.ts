import type { Args } from "../args.ts";
import { megatron, rule, type ArgvRule, type Step } from "../step.ts";

const muon = (a: Args): boolean => (a.text("optimizer") ?? "").includes("muon");

function muonRule(
  name: string,
  line: number,
  flag: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `muon-${name}`,
    megatron(line),
    [flag, "--optimizer"],
    `Muon does not work with ${flag}`,
    `Drop ${flag}, or use --optimizer adam.`,
    (a) => muon(a) && violated(a),
  );
}

const offloads = (a: Args): boolean => a.on("optimizer_cpu_offload");

/** Which optimizers go together with what. */
export const MEGATRON_OPTIMIZER_STEPS: readonly Step[] = [
  muonRule("reduce", 1244, "--overlap-grad-reduce", (a) => a.on("overlap_grad_reduce")),
  muonRule("gather", 1245, "--overlap-param-gather", (a) => a.on("overlap_param_gather")),
  muonRule("sharded", 1246, "--use-distributed-optimizer", (a) =>
    a.on("use_distributed_optimizer"),
  ),
  muonRule("fsdp", 1247, "--use-torch-fsdp2", (a) => a.on("use_torch_fsdp2")),
  muonRule("megatron-fsdp", 1248, "--use-megatron-fsdp", (a) => a.on("use_megatron_fsdp")),
  muonRule(
    "format",
    1249,
    "--ckpt-format",
    (a) => !a.isOneOf("ckpt_format", "torch", "torch_dist"),
  ),
  muonRule(
    "attention",
    1250,
    "--experimental-attention-variant",
    (a) => !a.none("experimental_attention_variant"),
  ),
  muonRule("gate", 1251, "--attention-output-gate", (a) => a.on("attention_output_gate")),
  rule(
    "offload-precision-aware",
    megatron(1255),
    ["--use-precision-aware-optimizer", "--optimizer-cpu-offload"],
    "the optimizer in host memory is built on the precision-aware one",
    "Add --use-precision-aware-optimizer.",
    (a) => offloads(a) && !a.on("use_precision_aware_optimizer"),
  ),
  rule(
    "offload-fp8",
    megatron(1259),
    ["--fp8-recipe", "--optimizer-cpu-offload", "--fp8-param-gather"],
    "with the optimizer in host memory weights are gathered in FP8 only by the delayed recipe",
    "Use --fp8-recipe delayed, or drop --fp8-param-gather.",
    (a) => offloads(a) && a.on("fp8_param_gather") && !a.is("fp8_recipe", "delayed"),
  ),
  rule(
    "offload-states-sharded",
    megatron(1265),
    ["--offload-optimizer-states", "--optimizer"],
    "only the sharded optimizer's state is offloaded",
    "Use --optimizer adam.",
    (a) => a.on("offload_optimizer_states") && !a.on("use_distributed_optimizer"),
  ),
  rule(
    "offload-states-adam",
    megatron(1266),
    ["--optimizer", "--offload-optimizer-states"],
    "only Adam's state is offloaded",
    "Use --optimizer adam.",
    (a) => a.on("offload_optimizer_states") && !a.is("optimizer", "adam"),
  ),
  rule(
    "offload-states-fsdp",
    megatron(1267),
    ["--use-megatron-fsdp", "--offload-optimizer-states"],
    "FSDP keeps its state itself",
    "Drop one of the two.",
    (a) => a.on("offload_optimizer_states") && a.on("use_megatron_fsdp"),
  ),
  rule(
    "local-checkpoint-folder",
    megatron(1270),
    ["--non-persistent-local-ckpt-dir", "--non-persistent-ckpt-type"],
    "local checkpoints have no folder",
    "Set --non-persistent-local-ckpt-dir.",
    (a) => a.is("non_persistent_ckpt_type", "local") && a.none("non_persistent_local_ckpt_dir"),
  ),
  rule(
    "replication-jump",
    megatron(1272),
    ["--replication-jump", "--replication"],
    "replication needs the distance of the copies",
    "Set --replication-jump.",
    (a) => a.on("replication") && a.none("replication_jump"),
  ),
  rule(
    "replication-local",
    megatron(1273),
    ["--non-persistent-ckpt-type", "--replication"],
    "only local checkpoints are replicated",
    "Use --non-persistent-ckpt-type local.",
    (a) => a.on("replication") && !a.is("non_persistent_ckpt_type", "local"),
  ),
];
