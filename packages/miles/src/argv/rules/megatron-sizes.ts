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

/** Counting, layers, sizes and sequence lengths. */
export const MEGATRON_SIZE_STEPS: readonly Step[] = [
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
];
