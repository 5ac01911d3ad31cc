import { z } from "zod";
import { field } from "./field-facts.ts";
import { GPU_TYPES } from "./planner/hardware.ts";

/** The machines that miles takes. miles only. */
export const clusterSchema = z.strictObject({
  actorNumNodes: field(z.int(), "Nodes of the trainer.", {
    flag: "--actor-num-nodes",
    usual: 1,
    unit: "nodes",
    source: "A:103",
  }),
  actorNumGpusPerNode: field(z.int(), "GPUs per trainer node.", {
    flag: "--actor-num-gpus-per-node",
    usual: 8,
    unit: "GPUs",
    source: "A:104",
  }),
  numGpusPerNode: field(z.int(), "GPUs of a node, for placing engines.", {
    flag: "--num-gpus-per-node",
    usual: 8,
    unit: "GPUs",
    source: "A:130",
  }),
  colocate: field(z.boolean(), "Whether trainer and engines take turns on the same GPUs.", {
    flag: "--colocate",
    usual: false,
    source: "A:139",
  }),
  rolloutNumGpus: field(
    z.int().nullable(),
    "GPUs of the engines when not colocated. null: the trainer's GPUs (colocate).",
    { flag: "--rollout-num-gpus", usual: null, unit: "GPUs", source: "A:114, A:3262" },
  ),
  offloadTrain: field(
    z.boolean().nullable(),
    "Whether the trainer leaves the GPU during rollouts. null: as colocate.",
    {
      flag: "--offload-train",
      negative: "--no-offload-train",
      usual: null,
      source: "A:154, A:3248",
    },
  ),
  offloadRollout: field(
    z.boolean().nullable(),
    "Whether the engines leave the GPU during training. null: as colocate.",
    {
      flag: "--offload-rollout",
      negative: "--no-offload-rollout",
      usual: null,
      source: "A:162, A:3250",
    },
  ),
  offloadTrainTarget: field(z.enum(["cpu", "disk"]), "Where the trainer's memory goes meanwhile.", {
    flag: "--offload-train-target",
    usual: "cpu",
    source: "A:182",
  }),
  offloadTrainDiskDir: field(
    z.string().min(1).nullable(),
    "Folder on each node for that, when it is disk.",
    { flag: "--offload-train-disk-dir", usual: null, source: "A:227" },
  ),
  updateWeightTransferMode: field(
    z.enum(["broadcast", "p2p", "disk-delta"]),
    "How new weights reach engines on other GPUs.",
    { flag: "--update-weight-transfer-mode", usual: "broadcast", source: "A:820, A:3215" },
  ),
  updateWeightsInterval: field(z.int(), "Rollouts between weight updates.", {
    flag: "--update-weights-interval",
    usual: 1,
    unit: "rollouts",
    source: "A:763",
  }),
  gpuType: field(
    z.enum(GPU_TYPES),
    "The GPUs that the plan of memory and time is made for; miles is not told.",
  ),
  hostMemoryGib: field(
    z.int().nullable(),
    "Main memory of a node that the plan is held against; miles is not told. null: unknown.",
    { usual: null, unit: "GiB" },
  ),
});
