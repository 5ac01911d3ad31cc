import type { Args } from "../args.ts";
import { floorDivide, modulo } from "../python-number.ts";
import { megatron, override, rule, type ArgvRule, type Step } from "../step.ts";

const modelSize = (a: Args): number =>
  a.num("tensor_model_parallel_size") *
  a.num("pipeline_model_parallel_size") *
  a.num("context_parallel_size");

const rl = (a: Args): boolean => a.on("perform_rl_step");

const product = (a: Args, name: string): number =>
  a.list(name).reduce<number>((all, size) => all * Number(size), 1);

function outdated(line: number, name: string, instead: string): ArgvRule {
  const flag = `--${name.replaceAll("_", "-")}`;
  return rule(
    `outdated-${name.replaceAll("_", "-")}`,
    megatron(line),
    [flag],
    `Megatron no longer takes ${flag}`,
    `Use ${instead}.`,
    (a) => !a.none(name),
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** How the GPUs are divided, and words that Megatron no longer takes. */
export const MEGATRON_PARALLEL_STEPS: readonly Step[] = [
  rule(
    "checkpoint-kind",
    megatron(296),
    ["--non-persistent-ckpt-type"],
    "only global and local intermediate checkpoints exist",
    "Use global or local.",
    (a) => !a.isOneOf("non_persistent_ckpt_type", "global", "local", null),
  ),
  rule(
    "model-heterogeneous",
    megatron(156),
    ["--heterogeneous-layers-config-path", "--heterogeneous-layers-config-encoded-json"],
    "layers of several kinds are of another family of models",
    "Drop the flag.",
    (a, { files }) => {
      const path = a.text("heterogeneous_layers_config_path");
      const inline = a.text("heterogeneous_layers_config_encoded_json");
      if (inline === null && path !== null && files.kind(path) === "absent") {
        return { outside: "pathlib", reason: `${path} does not exist` };
      }
      if (inline !== null && !isJson(inline)) return { outside: "json", reason: "not JSON" };
      return inline !== null || path !== null;
    },
  ),
  rule(
    "checkpoint-legacy-models",
    megatron(310),
    ["--use-legacy-models", "--ckpt-format"],
    "legacy models are saved in the torch format only",
    "Drop --use-legacy-models.",
    (a) => a.on("use_legacy_models") && !a.is("ckpt_format", "torch"),
  ),
  override("checkpoint-distributed", megatron(312), ["--ckpt-format"], null, (a) => {
    a.set("use_dist_ckpt", !a.is("ckpt_format", "torch"));
  }),
  rule(
    "parallel-world",
    megatron(317),
    [
      "--tensor-model-parallel-size",
      "--pipeline-model-parallel-size",
      "--context-parallel-size",
      "--actor-num-gpus-per-node",
    ],
    "the GPUs do not divide into copies of the model (TP × PP × CP)",
    "Choose sizes whose product divides the number of GPUs.",
    (a) =>
      modulo(a.num("world_size"), modelSize(a)) !== 0 && {
        reason: `${a.num("world_size")} GPUs, ${modelSize(a)} a copy`,
      },
  ),
  rule(
    "attention-local",
    megatron(322),
    ["--attention-backend", "--spec"],
    "the local attention needs the local layer spec",
    "Use --attention-backend auto.",
    (a) => a.is("attention_backend", "local") && (a.none("spec") || a.list("spec")[0] !== "local"),
  ),
  override("parallel-data", megatron(328), ["--tensor-model-parallel-size"], null, (a) => {
    a.set("transformer_pipeline_model_parallel_size", a.get("pipeline_model_parallel_size"));
    a.set("data_parallel_size", floorDivide(a.num("world_size"), modelSize(a)));
  }),
  rule(
    "rl-memory-saver",
    megatron(335),
    ["--rl-offload-kv-cache-during-training"],
    "offloading the cache needs the package torch_memory_saver",
    "Drop the flag: miles generates with SGLang.",
    (a, world) =>
      a.on("rl_offload_kv_cache_during_training") &&
      world.importable("torch_memory_saver") === false,
  ),
  rule(
    "rl-unified-memory",
    megatron(336),
    ["--inference-dynamic-batching-unified-memory-level", "--rl-offload-kv-cache-during-training"],
    "a cache in unified memory is not offloaded",
    "Drop the flag: miles generates with SGLang.",
    (a) =>
      a.on("rl_offload_kv_cache_during_training") &&
      a.on("inference_dynamic_batching_unified_memory_level"),
  ),
  rule(
    "rl-keeps-two-ways",
    megatron(340),
    ["--rl-offload-kv-cache-during-training"],
    "the cache is either removed or offloaded",
    "Leave one of the two flags out.",
    (a) =>
      rl(a) &&
      a.on("rl_remove_kv_cache_during_training") &&
      a.on("rl_offload_kv_cache_during_training"),
  ),
  rule(
    "rl-partial",
    megatron(343),
    ["--rl-partial-rollouts", "--rl-remove-kv-cache-during-training"],
    "partial rollouts need the cache",
    "Drop --perform-rl-step: miles has its own loop.",
    (a) => rl(a) && a.on("rl_partial_rollouts") && a.on("rl_remove_kv_cache_during_training"),
  ),
  rule(
    "rl-idle-weights",
    megatron(348),
    ["--rl-inference-model-unified-memory-level"],
    "idle weights are offloaded from unified memory",
    "Drop --perform-rl-step: miles has its own loop.",
    (a) =>
      rl(a) &&
      a.on("rl_offload_inference_model_weights_when_idle") &&
      !a.is("rl_inference_model_unified_memory_level", 1),
  ),
  rule(
    "rl-batches",
    megatron(373),
    ["--grpo-prompts-per-step", "--global-batch-size"],
    "Megatron's own RL loop needs whole batches",
    "Drop --perform-rl-step: miles has its own loop.",
    (a) =>
      rl(a) &&
      modulo(
        a.num("grpo_prompts_per_step") * a.num("grpo_group_size") * a.num("grpo_iterations"),
        a.num("global_batch_size"),
      ) !== 0,
  ),
  rule(
    "context-hierarchy-product",
    megatron(405),
    ["--hierarchical-context-parallel-sizes", "--context-parallel-size"],
    "the levels of context parallelism do not multiply to its size",
    "Make their product --context-parallel-size.",
    (a) =>
      a.on("hierarchical_context_parallel_sizes") &&
      product(a, "hierarchical_context_parallel_sizes") !== a.num("context_parallel_size"),
  ),
  rule(
    "context-hierarchy-missing",
    megatron(407),
    ["--hierarchical-context-parallel-sizes", "--cp-comm-type"],
    "a2a+p2p works on two levels, and they are not given",
    "Set --hierarchical-context-parallel-sizes.",
    (a) =>
      a.list("cp_comm_type").includes("a2a+p2p") && a.none("hierarchical_context_parallel_sizes"),
  ),
  override(
    "parallel-expert-tensor",
    megatron(411),
    ["--expert-tensor-parallel-size"],
    "experts are split like the rest of the model unless told otherwise",
    (a) => {
      if (a.none("expert_tensor_parallel_size")) {
        a.set("expert_tensor_parallel_size", a.get("tensor_model_parallel_size"));
      }
    },
  ),
  outdated(414, "batch_size", "--micro-batch-size"),
  outdated(417, "warmup", "--lr-warmup-fraction"),
  outdated(420, "model_parallel_size", "--tensor-model-parallel-size"),
  rule(
    "outdated-checkpoint-activations",
    megatron(427),
    ["--checkpoint-activations"],
    "Megatron no longer takes --checkpoint-activations and ends the program",
    "Use --recompute-granularity and --recompute-method.",
    (a) => a.on("checkpoint_activations"),
    "exit",
  ),
  override(
    "recompute-selective",
    megatron(431),
    ["--recompute-activations", "--recompute-granularity"],
    "--recompute-activations is selective recomputation, whatever --recompute-granularity says",
    (a) => {
      if (a.on("recompute_activations")) a.set("recompute_granularity", "selective");
      for (const name of ["batch_size", "warmup", "model_parallel_size"]) a.delete(name);
      a.delete("checkpoint_activations");
      a.delete("recompute_activations");
    },
  ),
  rule(
    "graph-two-flags",
    megatron(436),
    ["--cuda-graph-impl", "--enable-cuda-graph", "--external-cuda-graph"],
    "old and new flags about CUDA graphs are mixed",
    "Keep --cuda-graph-impl.",
    (a) =>
      (a.on("enable_cuda_graph") || a.on("external_cuda_graph")) &&
      !a.is("cuda_graph_impl", "none"),
  ),
  rule(
    "graph-two-kinds",
    megatron(438),
    ["--enable-cuda-graph", "--external-cuda-graph"],
    "CUDA graphs are captured either by Megatron or by Transformer Engine",
    "Keep one of the two flags.",
    (a) => a.on("enable_cuda_graph") && a.on("external_cuda_graph"),
  ),
  override(
    "graph-old-flags",
    megatron(446),
    ["--cuda-graph-impl"],
    "an old flag chooses the kind of CUDA graphs",
    (a) => {
      if (a.on("enable_cuda_graph")) {
        a.set("cuda_graph_impl", "local");
        a.delete("enable_cuda_graph");
      }
      if (a.has("external_cuda_graph") && a.on("external_cuda_graph")) {
        a.set("cuda_graph_impl", "transformer_engine");
        a.delete("external_cuda_graph");
      }
    },
  ),
];
