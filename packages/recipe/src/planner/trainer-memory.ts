import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "../schema.ts";
import type { Layout } from "./layout.ts";
import { planLine, type PlanLine } from "./line.ts";
import { shardParameters, type StageParameters } from "./sharding.ts";

const GIB = 2 ** 30;
const BYTES = { fp32: 4, fp16: 2, bf16: 2, fp8: 1 } as const;
/** CUDA context, loaded kernels and library workspaces of one process. */
const CONTEXT_BYTES = GIB;
/** One NCCL communicator over NVLink: channels × staging buffers. */
const COMMUNICATOR_BYTES = 0.25 * GIB;

/** The stage whose ranks hold the most parameters. */
export function heaviestStage(config: HfConfig, layout: Layout): StageParameters {
  return shardParameters(config, layout).reduce((a, b) =>
    b.dense + b.expert > a.dense + a.expert ? b : a,
  );
}

/** Bytes of master weights and moments per parameter. */
export function stateBytesPerParameter({ optimizer: o }: Recipe): number {
  const main = BYTES[o.mainParamsDtype];
  if (o.name === "adam") return main + BYTES[o.expAvgDtype] + BYTES[o.expAvgSqDtype];
  return main + 4;
}

/** Parameters whose states one rank keeps: shared over replicas, except by Muon, which keeps whole matrices. */
export function ownedParameters(
  { optimizer }: Recipe,
  layout: Layout,
  { dense, expert }: StageParameters,
): number {
  if (optimizer.name === "muon" || optimizer.name === "sgd") return dense + expert;
  return dense / layout.denseReplicas + expert / layout.expertReplicas;
}

/** What stays on a trainer's GPU from step to step: weights, gradients, states. */
export function residentLines(config: HfConfig, recipe: Recipe, layout: Layout): PlanLine[] {
  const stage = heaviestStage(config, layout);
  const parameters = stage.dense + stage.expert;
  const gradient = recipe.performance.accumulateAllreduceGradsInFp32 ? 4 : 2;
  const { optimizer: o } = recipe;
  const onGpu = o.cpuOffload ? 1 - o.offloadFraction : 1;
  const states = stateBytesPerParameter(recipe);
  const owned = ownedParameters(recipe, layout, stage);
  const split = `TP ${layout.tp}, EP ${layout.ep} × ETP ${layout.etp}, PP ${layout.pp}`;
  return [
    planLine(
      "weights (bf16)",
      2 * parameters,
      0,
      `${millions(stage.dense)} dense + ${millions(stage.expert)} expert parameters per rank (${split}) × 2 B`,
      "tensor catalogue of @moonlight-rl/model",
    ),
    planLine(
      `gradients (${gradient === 4 ? "fp32" : "bf16"})`,
      gradient * parameters,
      0,
      `${millions(parameters)} parameters × ${gradient} B, one buffer for all`,
      "Megatron-LM core/distributed/param_and_grad_buffer.py",
    ),
    planLine(
      "optimizer states",
      states * owned * onGpu,
      0.05,
      `${millions(owned)} parameters after sharing over ${layout.denseReplicas} dense / ${layout.expertReplicas} expert replicas × ${states} B × ${onGpu} on the GPU`,
      "Megatron-LM core/optimizer/distrib_optimizer.py, cpu_offloading/hybrid_optimizer.py",
    ),
  ];
}

/** Libraries' own memory: CUDA, NCCL, DeepEP. */
export function libraryLines(config: HfConfig, recipe: Recipe, layout: Layout): PlanLine[] {
  const groups = [
    layout.worldSize,
    layout.tp,
    layout.pp,
    layout.cp,
    layout.denseReplicas,
    layout.ep * layout.etp,
    layout.expertReplicas,
  ].filter((size) => size > 1).length;
  const lines = [
    contextLine("trainer"),
    planLine(
      "NCCL communicators",
      groups * COMMUNICATOR_BYTES,
      0.75,
      `${groups} process groups × 0.25 GiB`,
      "estimate: channels × staging buffers; depends on topology and NCCL's version",
    ),
  ];
  if (!recipe.performance.moeEnableDeepep) return lines;
  const ranks = layout.ep * layout.etp;
  const channels = recipe.performance.moeDeepepNumSms / 2;
  const local = channels * Math.min(ranks, 8) * 512 * (2 * config.hidden_size + 128);
  const remote = ranks > layout.gpusPerNode ? GIB : 0;
  return [
    ...lines,
    planLine(
      "DeepEP buffers",
      local + remote,
      0.6,
      `${channels} channels × ${Math.min(ranks, 8)} peers × 512 tokens × ${2 * config.hidden_size} B${remote === 0 ? "" : " + 1 GiB between nodes"}`,
      "DeepEP get_nvl_buffer_size_hint, get_rdma_buffer_size_hint",
    ),
  ];
}

export function contextLine(process: string): PlanLine {
  return planLine(
    `CUDA context and libraries (${process})`,
    CONTEXT_BYTES,
    0.4,
    "1 GiB per process",
    "estimate: driver context, kernels, workspaces; PyTorch alone took 0.6 GiB on an H200",
  );
}

const millions = (count: number): string => `${(count / 1e6).toFixed(1)} M`;
