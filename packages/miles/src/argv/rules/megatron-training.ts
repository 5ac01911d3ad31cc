import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { megatron, override, rule, type Step } from "../step.ts";

const saved = (a: Args): boolean => !a.none("save");

const distributes = (a: Args): boolean => a.on("distribute_saved_activations");

const DISTRIBUTED = "--distribute-saved-activations";

/** Saving, weight decay and recomputation. */
export const MEGATRON_TRAINING_STEPS: readonly Step[] = [
  rule(
    "optimizer-min-lr",
    megatron(900),
    ["--min-lr", "--lr"],
    "the lowest learning rate is above the highest",
    "Use at most --lr.",
    (a) => !a.none("lr") && !(a.num("min_lr") <= a.num("lr")),
  ),
  rule(
    "save-needs-interval",
    megatron(902),
    ["--save-interval", "--save"],
    "nothing says when to save",
    "Set --save-interval.",
    (a) => saved(a) && a.none("save_interval"),
  ),
  rule(
    "save-interval-positive",
    megatron(903),
    ["--save-interval"],
    "an interval is at least one rollout",
    "Use 1 or more.",
    (a) => saved(a) && a.num("save_interval") <= 0,
  ),
  rule(
    "save-retain-positive",
    megatron(905),
    ["--save-retain-interval"],
    "an interval is at least one rollout",
    "Use 1 or more.",
    (a) => saved(a) && !a.none("save_retain_interval") && a.num("save_retain_interval") <= 0,
  ),
  rule(
    "save-retain-multiple",
    megatron(906),
    ["--save-retain-interval", "--save-interval"],
    "only saved checkpoints can be kept",
    "Use a multiple of --save-interval.",
    (a) =>
      saved(a) &&
      !a.none("save_retain_interval") &&
      modulo(a.num("save_retain_interval"), a.num("save_interval")) !== 0,
  ),
  rule(
    "log-memory-multiple",
    megatron(908),
    ["--log-memory-interval", "--log-interval"],
    "memory is logged along with the rest",
    "Use a multiple of --log-interval.",
    (a) =>
      !a.none("log_memory_interval") &&
      modulo(a.num("log_memory_interval"), a.num("log_interval")) !== 0,
  ),
  rule(
    "precision-fp16-loss",
    megatron(911),
    ["--fp16-lm-cross-entropy", "--fp16"],
    "the loss is in FP16 only when the model is",
    "Drop the flag.",
    (a) => a.on("fp16_lm_cross_entropy") && !a.on("fp16"),
  ),
  rule(
    "grouped-gemm-device",
    megatron(918),
    ["--moe-grouped-gemm"],
    "the node that runs the driver has a GPU older than Ampere",
    "Run the driver on a node with the trainer's GPUs.",
    (a, world) => a.on("moe_grouped_gemm") && world.deviceMajor < 8,
  ),
  rule(
    "weight-decay-condition",
    megatron(928),
    ["--no-weight-decay-cond-type"],
    "there is no such condition",
    "Use apply_wd_to_qk_layernorm.",
    (a) =>
      !a.none("no_weight_decay_cond_type") &&
      !a.is("no_weight_decay_cond_type", "apply_wd_to_qk_layernorm"),
  ),
  rule(
    "weight-decay-start-constant",
    megatron(932),
    ["--start-weight-decay", "--weight-decay-incr-style"],
    "a constant weight decay has no start",
    "Drop --start-weight-decay.",
    (a) => a.is("weight_decay_incr_style", "constant") && !a.none("start_weight_decay"),
  ),
  rule(
    "weight-decay-end-constant",
    megatron(933),
    ["--end-weight-decay", "--weight-decay-incr-style"],
    "a constant weight decay has no end",
    "Drop --end-weight-decay.",
    (a) => a.is("weight_decay_incr_style", "constant") && !a.none("end_weight_decay"),
  ),
  rule(
    "weight-decay-start",
    megatron(937),
    ["--start-weight-decay", "--weight-decay-incr-style"],
    "a growing weight decay needs a start",
    "Set --start-weight-decay.",
    (a) => !a.is("weight_decay_incr_style", "constant") && a.none("start_weight_decay"),
  ),
  rule(
    "weight-decay-end",
    megatron(938),
    ["--end-weight-decay", "--weight-decay-incr-style"],
    "a growing weight decay needs an end",
    "Set --end-weight-decay.",
    (a) => !a.is("weight_decay_incr_style", "constant") && a.none("end_weight_decay"),
  ),
  override("weight-decay-both", megatron(934), ["--weight-decay"], null, (a) => {
    if (!a.is("weight_decay_incr_style", "constant")) return;
    a.set("start_weight_decay", a.get("weight_decay"));
    a.set("end_weight_decay", a.get("weight_decay"));
  }),
  rule(
    "recompute-distribute-tensor",
    megatron(949),
    ["--tensor-model-parallel-size", DISTRIBUTED],
    "there is nothing to spread activations over",
    "Drop --distribute-saved-activations.",
    (a) => distributes(a) && a.num("tensor_model_parallel_size") <= 1,
  ),
  rule(
    "recompute-distribute-full",
    megatron(952),
    ["--recompute-granularity", DISTRIBUTED],
    "only fully recomputed activations are spread",
    "Use --recompute-granularity full.",
    (a) => distributes(a) && !a.is("recompute_granularity", "full"),
  ),
  rule(
    "recompute-distribute-method",
    megatron(955),
    ["--recompute-method", DISTRIBUTED],
    "spread activations need a method of recomputation",
    "Set --recompute-method uniform.",
    (a) => distributes(a) && a.none("recompute_method"),
  ),
  rule(
    "recompute-selective-method",
    megatron(964),
    ["--recompute-method", "--recompute-granularity"],
    "a method belongs to full recomputation",
    "Drop --recompute-method.",
    (a) => a.is("recompute_granularity", "selective") && !a.none("recompute_method"),
  ),
  override(
    "sequence-parallel-off",
    megatron(977),
    ["--sequence-parallel", "--tensor-model-parallel-size"],
    "with tensor parallel size 1 there is no sequence parallelism",
    (a) => {
      if (a.is("tensor_model_parallel_size", 1)) a.set("sequence_parallel", false);
    },
  ),
  rule(
    "overlap-sequence-parallel",
    megatron(980),
    ["--sequence-parallel", "--tp-comm-overlap"],
    "communication is overlapped only with sequence parallelism",
    "Add --sequence-parallel.",
    (a) => a.on("tp_comm_overlap") && !a.on("sequence_parallel"),
  ),
];
