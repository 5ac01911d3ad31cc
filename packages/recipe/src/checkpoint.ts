import { z } from "zod";
import { field } from "./field-facts.ts";

const folder = z.string().min(1).nullable();

/** Megatron checkpoints: where training starts from and where it leaves its own. */
export const checkpointSchema = z.strictObject({
  refLoad: field(
    folder,
    "torch_dist folder of the reference policy, also the start of a fresh run. null: the checkpoint artifact (embedded).",
    { flag: "--ref-load", usual: null, source: "A:1282" },
  ),
  refCkptStep: field(z.int().nullable(), "Iteration of refLoad to read. null: its tracker's.", {
    flag: "--ref-ckpt-step",
    usual: null,
    unit: "iterations",
    source: "A:1291",
  }),
  load: field(
    folder,
    "torch_dist folder to resume from; without a tracker file in it the run starts from refLoad. null: the train stage's folder (embedded).",
    { flag: "--load", usual: null, source: "A:1294, A:2998" },
  ),
  ckptStep: field(z.int().nullable(), "Iteration of load to read. null: its tracker's.", {
    flag: "--ckpt-step",
    usual: null,
    unit: "iterations",
    source: "MC:396",
  }),
  save: field(folder, "torch_dist folder to save to. null: the train stage's folder (embedded).", {
    flag: "--save",
    usual: null,
    source: "A:1295",
  }),
  saveInterval: field(
    z.int().nullable(),
    "Rollouts between saves; saved after rollout id when (id + 1) % interval == 0, and after the last. null: never.",
    { flag: "--save-interval", usual: null, unit: "rollouts", source: "A:1296" },
  ),
  saveRetainInterval: field(
    z.int().nullable(),
    "Of the saves, only multiples of this stay on disk beside the newest. null: all stay.",
    { flag: "--save-retain-interval", usual: null, unit: "iterations", source: "MC:341, MG:901" },
  ),
  asyncSave: field(
    z.boolean(),
    "Whether saves go on in the background; works only with usePersistentCkptWorker.",
    { flag: "--async-save", usual: false, source: "A:1297, MG:1202" },
  ),
  usePersistentCkptWorker: field(
    z.boolean(),
    "Whether one process per rank lives on to write asynchronous saves.",
    { flag: "--use-persistent-ckpt-worker", usual: false, source: "MC:444" },
  ),
  noSaveOptim: field(
    z.boolean(),
    "Whether the optimizer's states are left out of saves: smaller, but a resume starts the optimizer anew.",
    { flag: "--no-save-optim", usual: false, source: "A:1298" },
  ),
  noLoadOptim: field(z.boolean(), "Whether a resume starts with fresh optimizer states.", {
    flag: "--no-load-optim",
    usual: false,
    source: "MG:2262",
  }),
  noLoadRng: field(z.boolean(), "Whether a resume starts with fresh random states.", {
    flag: "--no-load-rng",
    usual: false,
    source: "MG:2264",
  }),
  finetune: field(
    z.boolean(),
    "Whether load gives weights only: iteration, optimizer and random states start anew.",
    { flag: "--finetune", usual: false, source: "MC:389" },
  ),
  startRolloutId: field(
    z.int().nullable(),
    "Rollout to go on with when load is resumable. null: after the one that was saved.",
    { flag: "--start-rollout-id", usual: null, unit: "rollouts", source: "A:1054, A:2998" },
  ),
  saveHf: field(
    z.string().min(1).nullable(),
    "Folder template with {rollout_id}: each save also exports Hugging Face weights there. null: none.",
    { flag: "--save-hf", usual: null, source: "A:1308" },
  ),
  saveTriggerSentinel: field(
    z.string().min(1).nullable(),
    "File whose appearance asks for a save after the current rollout; it is then deleted. null: none.",
    { flag: "--save-trigger-sentinel", usual: null, source: "A:1317" },
  ),
});
