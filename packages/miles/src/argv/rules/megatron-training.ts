import type { Args } from "../args.ts";
import { floorDivide, modulo } from "../python-number.ts";
import { megatron, override, rule, type ArgvRule, type Step } from "../step.ts";

const iterations = (a: Args): boolean => a.on("train_iters");
const samples = (a: Args): boolean => a.on("train_samples");
const COUNT = "Drop the flags: miles counts in rollouts.";

function counting(
  id: string,
  line: number,
  flag: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `counting-${id}`,
    megatron(line),
    [flag, id.startsWith("samples") ? "--train-samples" : "--train-iters"],
    "training is counted in iterations and in samples at once",
    COUNT,
    violated,
  );
}

const saved = (a: Args): boolean => !a.none("save");
const distributes = (a: Args): boolean => a.on("distribute_saved_activations");
const DISTRIBUTED = "--distribute-saved-activations";

/** Counting, sizes, saving, weight decay and recomputation. */
export const MEGATRON_TRAINING_STEPS: readonly Step[] = [
  override("dataloader", megatron(800), ["--dataloader-type"], null, (a) => {
    if (a.none("dataloader_type")) a.set("dataloader_type", "single");
  }),
  rule(
    "data-builder-threads",
    megatron(803),
    ["--num-dataset-builder-threads"],
    "a dataset is built by at least one thread",
    "Use 1 or more.",
    (a) => a.num("num_dataset_builder_threads") <= 0,
  ),
  counting(
    "samples-both",
    823,
    "--train-samples",
    (a) => iterations(a) && !a.none("train_samples"),
  ),
  counting(
    "decay-samples",
    825,
    "--lr-decay-samples",
    (a) => iterations(a) && !a.none("lr_decay_samples"),
  ),
  counting(
    "warmup-samples",
    827,
    "--lr-warmup-samples",
    (a) => iterations(a) && !a.is("lr_warmup_samples", 0),
  ),
  counting(
    "rampup",
    829,
    "--rampup-batch-size",
    (a) => iterations(a) && !a.none("rampup_batch_size"),
  ),
  counting(
    "warmup-twice",
    832,
    "--lr-warmup-iters",
    (a) => iterations(a) && !a.none("lr_warmup_fraction") && !a.is("lr_warmup_iters", 0),
  ),
  counting("samples-iterations", 839, "--train-iters", (a) => samples(a) && !a.none("train_iters")),
  counting(
    "samples-decay",
    841,
    "--lr-decay-iters",
    (a) => samples(a) && !a.none("lr_decay_iters"),
  ),
  counting(
    "samples-warmup",
    843,
    "--lr-warmup-iters",
    (a) => samples(a) && !a.is("lr_warmup_iters", 0),
  ),
  counting(
    "samples-warmup-twice",
    846,
    "--lr-warmup-samples",
    (a) => samples(a) && !a.none("lr_warmup_fraction") && !a.is("lr_warmup_samples", 0),
  ),
  rule(
    "model-layers-twice",
    megatron(851),
    ["--encoder-num-layers", "--num-layers"],
    "the number of layers is given twice",
    "Drop --encoder-num-layers.",
    (a) => !a.none("num_layers") && !a.none("encoder_num_layers"),
  ),
  rule(
    "model-layers-missing",
    megatron(855),
    ["--num-layers"],
    "the number of layers is missing",
    "Set --num-layers.",
    (a) => a.none("num_layers") && a.none("encoder_num_layers"),
  ),
  override("model-encoder-layers", megatron(853), ["--num-layers"], null, (a) => {
    if (a.none("num_layers")) a.set("num_layers", a.get("encoder_num_layers"));
    else a.set("encoder_num_layers", a.get("num_layers"));
  }),
  rule(
    "model-size-missing",
    megatron(1391),
    ["--hidden-size", "--num-attention-heads"],
    "the size of the model is missing",
    "Derive the model flags from config.json.",
    (a) =>
      ["num_layers", "hidden_size", "num_attention_heads", "max_position_embeddings"].some((name) =>
        a.none(name),
      ),
  ),
  override(
    "model-feed-forward",
    megatron(873),
    ["--ffn-hidden-size"],
    "the feed-forward size is derived from the hidden size",
    (a) => {
      if (!a.none("ffn_hidden_size")) return;
      const hidden = a.num("hidden_size");
      a.set(
        "ffn_hidden_size",
        a.on("swiglu") ? Math.trunc((4 * hidden * 2) / 3 / 64) * 64 : 4 * hidden,
      );
    },
  ),
  rule(
    "model-head-width",
    megatron(878),
    ["--kv-channels", "--hidden-size", "--num-attention-heads"],
    "the hidden size does not divide into heads",
    "Set --kv-channels.",
    (a) =>
      a.none("kv_channels") && modulo(a.num("hidden_size"), a.num("num_attention_heads")) !== 0,
  ),
  override("model-kv-channels", megatron(879), ["--kv-channels"], null, (a) => {
    if (a.none("kv_channels")) {
      a.set("kv_channels", floorDivide(a.num("hidden_size"), a.num("num_attention_heads")));
    }
  }),
  rule(
    "sequence-context-parallel",
    megatron(882),
    ["--seq-length", "--context-parallel-size"],
    "a split context is cut into two parts a GPU",
    "Use a --seq-length that 2 × --context-parallel-size divides.",
    (a) =>
      a.num("context_parallel_size") > 1 &&
      modulo(a.num("seq_length"), a.num("context_parallel_size") * 2) !== 0,
  ),
  rule(
    "sequence-length-twice",
    megatron(887),
    ["--encoder-seq-length", "--seq-length"],
    "the sequence length is given twice",
    "Drop --encoder-seq-length.",
    (a) => !a.none("encoder_seq_length"),
  ),
  override("sequence-encoder", megatron(888), ["--encoder-seq-length"], null, (a) => {
    a.set("encoder_seq_length", a.get("seq_length"));
  }),
  rule(
    "sequence-positions",
    megatron(894),
    ["--max-position-embeddings", "--seq-length"],
    "there are fewer positions than tokens",
    "Use at least --seq-length.",
    (a) => a.num("max_position_embeddings") < a.num("seq_length"),
  ),
  rule(
    "sequence-decoder",
    megatron(898),
    ["--decoder-seq-length"],
    "there are fewer positions than tokens",
    "Drop --decoder-seq-length.",
    (a) =>
      !a.none("decoder_seq_length") &&
      a.num("max_position_embeddings") < a.num("decoder_seq_length"),
  ),
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
