import type { Args } from "../args.ts";
import { floorDivide, modulo, pythonInt } from "../python-number.ts";
import { megatron, override, rule, type Step } from "../step.ts";
import { countStages, readPipelineLayout } from "./pipeline-layout.ts";

const given = (a: Args, ...names: readonly string[]): number =>
  names.filter((name) => !a.none(name)).length;

const layout = (a: Args): boolean => !a.none("pipeline_model_parallel_layout");
const perStage = (a: Args): boolean => !a.none("num_layers_per_virtual_pipeline_stage");
const perRank = (a: Args): boolean => !a.none("num_virtual_stages_per_pipeline_rank");
const uneven = (a: Args): boolean =>
  !a.none("decoder_first_pipeline_num_layers") || !a.none("decoder_last_pipeline_num_layers");
const interleaved = (a: Args): boolean => !layout(a) && (perStage(a) || perRank(a));
const plain = (a: Args): boolean => !layout(a) && !interleaved(a);
const pipeline = (a: Args): number => a.num("pipeline_model_parallel_size");

function counted(a: Args): number {
  const layers = a.none("num_layers") ? a.num("decoder_num_layers") : a.num("num_layers");
  return (
    layers +
    Number(a.on("account_for_embedding_in_pipeline_split")) +
    Number(a.on("account_for_loss_in_pipeline_split"))
  );
}

function virtualSize(a: Args): number | null {
  if (layout(a)) {
    const stages = countStages(a.text("pipeline_model_parallel_layout") ?? "");
    return floorDivide(stages, pipeline(a));
  }
  if (perRank(a)) return a.num("num_virtual_stages_per_pipeline_rank");
  if (!perStage(a)) return null;
  return floorDivide(
    floorDivide(counted(a), pipeline(a)),
    a.num("num_layers_per_virtual_pipeline_stage"),
  );
}

const VIRTUAL = "--num-layers-per-virtual-pipeline-stage";

/** Data sources, batches, and how layers are put on pipeline stages. */
export const MEGATRON_PIPELINE_STEPS: readonly Step[] = [
  rule(
    "data-two-sources",
    megatron(477),
    ["--data-path", "--data-args-path"],
    "Megatron's data comes from one of the two",
    "Drop both: miles has its own data.",
    (a) => given(a, "data_path", "data_args_path") === 2,
  ),
  rule(
    "data-two-splits",
    megatron(486),
    ["--per-split-data-args-path", "--train-data-path"],
    "Megatron's data comes from one of the two",
    "Drop both: miles has its own data.",
    (a) =>
      given(a, "train_data_path", "valid_data_path", "test_data_path") > 0 &&
      !a.none("per_split_data_args_path"),
  ),
  rule(
    "batch-phases",
    megatron(490),
    ["--phase-transition-iterations"],
    "phases begin at whole iterations",
    "Drop the flag: miles counts in rollouts.",
    (a) =>
      (a.text("phase_transition_iterations") ?? "")
        .split(",")
        .some((part) => part !== "" && pythonInt(part) === null),
  ),
  rule(
    "batch-phases-rampup",
    megatron(492),
    ["--rampup-batch-size", "--phase-transition-iterations"],
    "training in phases excludes a growing batch",
    "Leave one of the two out.",
    (a) => a.on("phase_transition_iterations") && !a.none("rampup_batch_size"),
  ),
  rule(
    "batch-micro-missing",
    megatron(495),
    ["--micro-batch-size"],
    "there is no micro-batch size",
    "Use 1.",
    (a) => a.none("micro_batch_size"),
  ),
  rule(
    "batch-micro-positive",
    megatron(496),
    ["--micro-batch-size"],
    "a micro-batch holds at least one sample",
    "Use 1 or more.",
    (a) => a.num("micro_batch_size") <= 0,
  ),
  override(
    "batch-global-default",
    megatron(498),
    ["--global-batch-size", "--num-steps-per-rollout"],
    "without --num-steps-per-rollout and --global-batch-size an optimizer step sees only one micro-batch a replica",
    (a) => {
      if (a.none("global_batch_size")) {
        a.set("global_batch_size", a.num("micro_batch_size") * a.num("data_parallel_size"));
      }
    },
  ),
  rule(
    "batch-global-positive",
    megatron(500),
    ["--num-steps-per-rollout", "--global-batch-size", "--rollout-batch-size"],
    "an optimizer step would see no sample",
    "Use fewer steps a rollout, or more samples.",
    (a) => a.num("global_batch_size") <= 0,
  ),
  rule(
    "pipeline-one-way",
    megatron(568),
    [VIRTUAL, "--num-virtual-stages-per-pipeline-rank", "--pipeline-model-parallel-layout"],
    "the pipeline is described in two ways",
    "Keep one of the three flags.",
    (a) =>
      given(
        a,
        "num_layers_per_virtual_pipeline_stage",
        "num_virtual_stages_per_pipeline_rank",
        "pipeline_model_parallel_layout",
      ) > 1,
  ),
  rule(
    "pipeline-layout-letters",
    "megatron/core/transformer/pipeline_parallel_layer_layout.py:315",
    ["--pipeline-model-parallel-layout"],
    "a layout knows E, t, m and L only",
    "Write stages of E, t, m, L between bars, for example `Et*13|t*14L`.",
    (a) => {
      if (layout(a)) readPipelineLayout(a.text("pipeline_model_parallel_layout") ?? "");
      return false;
    },
  ),
  rule(
    "pipeline-layout-stages",
    megatron(585),
    ["--pipeline-model-parallel-layout", "--pipeline-model-parallel-size"],
    "the layout's stages do not divide over the pipeline",
    "Write a multiple of --pipeline-model-parallel-size stages.",
    (a) =>
      layout(a) &&
      modulo(countStages(a.text("pipeline_model_parallel_layout") ?? ""), pipeline(a)) !== 0,
  ),
  rule(
    "pipeline-interleaved-uneven",
    megatron(595),
    ["--num-virtual-stages-per-pipeline-rank", VIRTUAL],
    "an uneven pipeline is interleaved by the number of virtual stages",
    "Use --num-virtual-stages-per-pipeline-rank.",
    (a) => interleaved(a) && !perRank(a) && uneven(a),
  ),
  rule(
    "pipeline-interleaved-layers",
    megatron(608),
    ["--num-layers", "--pipeline-model-parallel-size"],
    "the layers do not divide over the pipeline",
    "Use a pipeline size that divides them.",
    (a) => interleaved(a) && !perRank(a) && modulo(counted(a), pipeline(a)) !== 0,
  ),
  rule(
    "pipeline-interleaved-stage",
    megatron(612),
    [VIRTUAL],
    "the layers of a stage do not divide into virtual stages",
    "Use a divisor of the layers of a stage.",
    (a) =>
      interleaved(a) &&
      !perRank(a) &&
      modulo(
        floorDivide(counted(a), pipeline(a)),
        a.num("num_layers_per_virtual_pipeline_stage"),
      ) !== 0,
  ),
  override("pipeline-virtual-size", megatron(617), [VIRTUAL], null, (a) => {
    const size = virtualSize(a);
    a.set("virtual_pipeline_model_parallel_size", size === 1 ? null : size);
  }),
  rule(
    "pipeline-layers",
    megatron(635),
    ["--pipeline-model-parallel-size", "--num-layers"],
    "the layers do not divide over the pipeline",
    "Use a divisor of the layers (27: 1, 3, 9, 27), or say how many the first or last stage holds.",
    (a) => plain(a) && !uneven(a) && !a.none("num_layers") && modulo(counted(a), pipeline(a)) !== 0,
  ),
  rule(
    "pipeline-interleaved-short",
    megatron(640),
    ["--pipeline-model-parallel-size"],
    "interleaving needs a pipeline",
    "Use 2 stages or more.",
    (a) =>
      !a.none("virtual_pipeline_model_parallel_size") &&
      a.on("overlap_p2p_comm") &&
      pipeline(a) <= 1,
  ),
  rule(
    "pipeline-interleaved-blocking",
    megatron(644),
    ["--pipeline-model-parallel-size", "--no-overlap-p2p-communication"],
    "interleaving without overlapping needs more than two stages",
    "Use 3 stages or more, or overlap.",
    (a) =>
      !a.none("virtual_pipeline_model_parallel_size") &&
      !a.on("overlap_p2p_comm") &&
      pipeline(a) <= 2,
  ),
  override("pipeline-no-overlap", megatron(650), ["--no-overlap-p2p-communication"], null, (a) => {
    if (!a.none("virtual_pipeline_model_parallel_size")) return;
    a.set("overlap_p2p_comm", false);
    a.set("align_param_gather", false);
  }),
];
