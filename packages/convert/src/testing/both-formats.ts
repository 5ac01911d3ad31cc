import { cp, open } from "node:fs/promises";
import { join } from "node:path";
import { openHfModel } from "@moonlight-rl/checkpoint";
import { adoptArtifact } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { toTorchDist } from "../stage.ts";
import { TINY } from "./models.ts";

/** The tiny model, a copy of it, and the torch_dist checkpoint made of it. */
export function withBoth(use: (folders: { model: string; checkpoint: string }) => Promise<void>) {
  return withStage(toTorchDist, async (kit) => {
    const { checkpoint } = await kit.run({ model: await adoptArtifact("hf-model", TINY) });
    const folder = await kit.files({});
    const [model, copied] = [join(folder, "model"), join(folder, "checkpoint")];
    await cp(TINY, model, { recursive: true });
    await cp(checkpoint.path, copied, { recursive: true });
    await use({ model, checkpoint: copied });
  });
}

/** Writes bytes into a file; a negative place counts from its end. */
export async function patch(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "r+");
  try {
    const { size } = await handle.stat();
    await handle.write(bytes, 0, bytes.byteLength, at < 0 ? size + at : at);
  } finally {
    await handle.close();
  }
}

/** Where a tensor's first byte lies in the tiny model's only file. */
export async function offsetOf(folder: string, name: string): Promise<number> {
  return (await openHfModel(folder)).tensors.get(name)?.offset ?? Number.NaN;
}
