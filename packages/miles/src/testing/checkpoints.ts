import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  fromFloat32,
  iterationFolder,
  megatronArgs,
  megatronSources,
  openHfModel,
  toFloat32,
  writeTorchDist,
  type HfModel,
} from "@moonlight-rl/checkpoint";
import { dataStateFile } from "../checkpoints/save-folder.ts";

export interface TestIteration {
  /** Rollout that it was saved after, or "release" for converted weights. */
  readonly iteration: number | "release";
  /** What is added to every weight; 0 leaves them as they are. */
  readonly shift?: number;
  /** Whether the data's position is saved as well; default true for numbers. */
  readonly dataState?: boolean;
}

/** Writes checkpoints of a model as miles lays them out: the iteration, its tracker, then the data's position. */
export async function writeTestIteration(
  folder: string,
  modelDir: string,
  { iteration, shift = 0, dataState = true }: TestIteration,
): Promise<void> {
  const model = await openHfModel(modelDir);
  await mkdir(folder, { recursive: true });
  await writeTorchDist(folder, {
    iteration,
    tensors: megatronSources(model.config, {
      dtypeOf: (name) => model.tensors.get(name)?.dtype,
      read: (name) => (shift === 0 ? model.blocks(name) : shifted(model, name, shift)),
    }),
    args: megatronArgs(model.config),
    common: { sample_offset: 64, epoch_id: 0, sample_group_index: 64, sample_index: 512 },
  });
  if (iteration === "release" || !dataState) return;
  const file = dataStateFile(folder, iteration);
  await mkdir(join(folder, "rollout"), { recursive: true });
  // The same format, and the same keys among others.
  await copyFile(join(folder, iterationFolder(iteration), "common.pt"), file);
}

async function* shifted(model: HfModel, name: string, by: number): AsyncGenerator<Uint8Array> {
  const dtype = model.tensors.get(name)?.dtype ?? "F32";
  for await (const block of model.blocks(name)) {
    const values = toFloat32(block, dtype).map((value) => value + by);
    yield fromFloat32(values, dtype);
  }
}
