import { miles, milesDefaults, override, rule, type Step } from "../step.ts";

/** What miles sets before it checks anything of its own. */
export const DEFAULT_STEPS: readonly Step[] = [
  override("default-world-size", miles(2650), ["--actor-num-nodes"], null, (a) => {
    a.set("rank", 0);
    a.set("world_size", a.num("actor_num_nodes") * a.num("actor_num_gpus_per_node"));
  }),
  override(
    "default-distributed-optimizer",
    milesDefaults(15),
    ["--use-distributed-optimizer", "--optimizer"],
    "miles shards the optimizer's state exactly when the optimizer is adam; the flag itself is ignored",
    (a) => {
      const adam = (a.text("optimizer") ?? "adam").toLowerCase() === "adam";
      const multiLora = a.num("multi_lora_n_adapters") > 0;
      a.set("use_distributed_optimizer", adam && !a.on("debug_disable_optimizer") && !multiLora);
    },
  ),
  override(
    "default-bf16",
    milesDefaults(22),
    ["--bf16", "--fp16"],
    "bf16 is on exactly when fp16 is off",
    (a) => a.set("bf16", !a.on("fp16")),
  ),
  override(
    "default-sequence-length",
    milesDefaults(24),
    ["--seq-length", "--max-position-embeddings"],
    "max_position_embeddings always becomes seq_length, which is 4096 unless given; rollouts are packed to --max-tokens-per-gpu instead",
    (a) => {
      if (a.none("seq_length")) a.set("seq_length", 4096);
      a.set("max_position_embeddings", a.get("seq_length"));
    },
  ),
  override(
    "default-rope-type",
    milesDefaults(31),
    ["--rope-type"],
    "the kind of rotary embedding follows from multi-latent attention when it is not given",
    (a) => {
      if (a.none("rope_type")) {
        a.set("rope_type", a.on("multi_latent_attention") ? "yarn" : "rope");
      }
    },
  ),
  rule(
    "default-vocabulary-padding",
    "megatron/training/tokenizer/tokenizer.py:116",
    ["--make-vocab-size-divisible-by", "--tensor-model-parallel-size"],
    "the vocabulary cannot be padded to a multiple of zero",
    "Use a divisor and a tensor parallel size of at least 1.",
    (a) =>
      a.on("vocab_size") &&
      !a.on("padded_vocab_size") &&
      a.num("make_vocab_size_divisible_by") * a.num("tensor_model_parallel_size") === 0,
  ),
  override("default-padded-vocabulary", milesDefaults(35), ["--padded-vocab-size"], null, (a) => {
    if (!a.on("vocab_size") || a.on("padded_vocab_size")) return;
    const unit = a.num("make_vocab_size_divisible_by") * a.num("tensor_model_parallel_size");
    // Python has no negative zero.
    a.set("padded_vocab_size", Math.ceil(a.num("vocab_size") / unit) * unit + 0);
  }),
  override("default-tokenizer", milesDefaults(37), ["--tokenizer-model"], null, (a) => {
    if (a.on("tokenizer_model") || a.on("tokenizer_type")) return;
    a.set("tokenizer_model", a.get("hf_checkpoint"));
    a.set("tokenizer_type", "HuggingFaceTokenizer");
  }),
];
