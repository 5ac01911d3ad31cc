import type { Args } from "../args.ts";
import { megatron, rule, type ArgvRule, type Step } from "../step.ts";
import type { World } from "../world.ts";

const gathers = (a: Args): boolean => a.on("overlap_param_gather");

const fsdp2 = (a: Args): boolean => a.on("use_torch_fsdp2");

const megatronFsdp = (a: Args): boolean => a.on("use_megatron_fsdp");

/** One condition of sharding by PyTorch. */
function torchFsdp(
  name: string,
  line: number,
  flag: string,
  violated: (a: Args, world: World) => boolean,
): ArgvRule {
  return rule(
    `torch-fsdp-${name}`,
    megatron(line),
    ["--use-torch-fsdp2", flag],
    `sharding by PyTorch does not go together with this use of ${flag}`,
    "Drop --use-torch-fsdp2: miles trains with Megatron's own sharding.",
    (a, world) => fsdp2(a) && violated(a, world),
  );
}

const oneConnection = (world: World): boolean => world.env("CUDA_DEVICE_MAX_CONNECTIONS") === "1";

const optimizerStep = (a: Args): boolean => a.on("overlap_param_gather_with_optimizer_step");

/** Gathering of weights and sharding by PyTorch. */
export const MEGATRON_SHARDING_STEPS: readonly Step[] = [
  rule(
    "gather-sharded",
    megatron(663),
    ["--overlap-param-gather", "--optimizer"],
    "weights are only gathered when the optimizer is sharded",
    "Use --optimizer adam.",
    (a) => gathers(a) && !a.on("use_distributed_optimizer") && !megatronFsdp(a),
  ),
  rule(
    "gather-reduce",
    megatron(665),
    ["--overlap-grad-reduce", "--overlap-param-gather"],
    "overlapping the gathering of weights needs overlapping the reduction of gradients",
    "Add --overlap-grad-reduce.",
    (a) => gathers(a) && !a.on("overlap_grad_reduce"),
  ),
  rule(
    "gather-legacy",
    megatron(667),
    ["--use-legacy-models"],
    "legacy models cannot overlap",
    "Drop it.",
    (a) => gathers(a) && a.on("use_legacy_models"),
  ),
  torchFsdp(
    "pipeline",
    673,
    "--pipeline-model-parallel-size",
    (a) => !a.is("pipeline_model_parallel_size", 1),
  ),
  torchFsdp(
    "experts",
    675,
    "--expert-model-parallel-size",
    (a) => !a.is("expert_model_parallel_size", 1),
  ),
  torchFsdp("optimizer", 677, "--optimizer", (a) => a.on("use_distributed_optimizer")),
  torchFsdp("fusion", 679, "--no-gradient-accumulation-fusion", (a) =>
    a.on("gradient_accumulation_fusion"),
  ),
  torchFsdp(
    "format",
    681,
    "--ckpt-format",
    (a) => !a.isOneOf("ckpt_format", "torch_dist", "torch_dcp"),
  ),
  torchFsdp(
    "tied",
    683,
    "--untie-embeddings-and-output-weights",
    (a) => !a.on("untie_embeddings_and_output_weights"),
  ),
  torchFsdp("fp16", 685, "--fp16", (a) => a.on("fp16")),
  torchFsdp("connections", 687, "--use-torch-fsdp2", (_, world) => oneConnection(world)),
  rule(
    "gather-step-sharded",
    megatron(701),
    ["--overlap-param-gather-with-optimizer-step", "--optimizer"],
    "only a sharded optimizer gathers weights",
    "Use --optimizer adam.",
    (a) => optimizerStep(a) && !a.on("use_distributed_optimizer"),
  ),
  rule(
    "gather-step-overlap",
    megatron(703),
    ["--overlap-param-gather", "--overlap-param-gather-with-optimizer-step"],
    "overlapping with the optimizer's step is a kind of overlapping",
    "Add --overlap-param-gather.",
    (a) => optimizerStep(a) && !gathers(a),
  ),
  rule(
    "gather-step-interleaved",
    megatron(705),
    ["--overlap-param-gather-with-optimizer-step"],
    "overlapping with the optimizer's step needs an interleaved pipeline",
    "Drop the flag.",
    (a) => optimizerStep(a) && a.none("virtual_pipeline_model_parallel_size"),
  ),
  rule(
    "gather-step-checkpoint",
    megatron(707),
    ["--overlap-param-gather-with-optimizer-step", "--ckpt-format"],
    "distributed checkpoints exclude it",
    "Drop the flag.",
    (a) => optimizerStep(a) && a.on("use_dist_ckpt"),
  ),
];
