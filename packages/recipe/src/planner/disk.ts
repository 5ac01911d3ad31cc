import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "../schema.ts";
import { modelSize } from "./model-size.ts";
import { stateBytesPerParameter } from "./trainer-memory.ts";

export interface DiskPlan {
  /** Bytes of one save. */
  readonly bytesPerSave: number;
  readonly formula: string;
  readonly saves: number;
  /** Saves that stay on disk, the newest included. */
  readonly kept: number;
  /** Bytes of all that stay. */
  readonly bytes: number;
}

/** What checkpoints take: bf16 weights, and the optimizer's states unless they are left out. */
export function diskPlan(config: HfConfig, recipe: Recipe): DiskPlan {
  const { checkpoint: c, rollout } = recipe;
  const { total } = modelSize(config);
  const states = c.noSaveOptim ? 0 : stateBytesPerParameter(recipe);
  const exported = c.saveHf === null ? 0 : 2;
  const bytesPerSave = total * (2 + states + exported);
  const interval = c.save === null ? null : c.saveInterval;
  const saves = interval === null || interval < 1 ? 0 : Math.ceil(rollout.numRollout / interval);
  const retained =
    interval === null || c.saveRetainInterval === null || c.saveRetainInterval < interval
      ? saves
      : Math.floor(rollout.numRollout / c.saveRetainInterval) + 1;
  const kept = Math.min(saves, retained);
  return {
    bytesPerSave,
    formula: `${(total / 1e9).toFixed(2)} G parameters × (2 B weights + ${states} B states${exported === 0 ? "" : " + 2 B Hugging Face export"})`,
    saves,
    kept,
    bytes: kept * bytesPerSave,
  };
}
