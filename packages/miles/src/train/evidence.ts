import { openTorchDist, type TorchDist } from "@moonlight-rl/checkpoint";
import { newSha256, throwIfAborted, VerificationError } from "@moonlight-rl/core";

/**
 * A training that did something leaves other weights than it began with. That the checkpoint is whole has been seen before.
 *
 * @throws VerificationError TRAIN_WEIGHTS_UNCHANGED
 */
export async function assertWeightsChanged(
  startDir: string,
  saveDir: string,
  iteration: number,
  signal: AbortSignal,
): Promise<void> {
  const [start, end] = await Promise.all([
    openTorchDist(startDir),
    openTorchDist(saveDir, iteration),
  ]);
  try {
    if (await differ(start, end, signal)) return;
  } finally {
    await Promise.all([start.close(), end.close()]);
  }
  throw new VerificationError(
    "TRAIN_WEIGHTS_UNCHANGED",
    "The trained checkpoint has exactly the weights that training began with.",
    {
      file: saveDir,
      hint: "Did any step have a gradient? Look at train/grad_norm and at the learning rate.",
    },
  );
}

/** Whether any tensor of both differs; the smallest are read first, so that a change is found by little reading. */
async function differ(start: TorchDist, end: TorchDist, signal: AbortSignal): Promise<boolean> {
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const shared = [...start.tensors]
    .filter(([key]) => end.tensors.has(key))
    .sort(([, a], [, b]) => size(a.shape) - size(b.shape));
  for (const [key, { shape, dtype }] of shared) {
    const other = end.tensors.get(key);
    if (other === undefined) continue;
    if (other.dtype !== dtype || other.shape.join() !== shape.join()) continue;
    const [before, after] = await Promise.all([
      digestOf(start, key, shape, signal),
      digestOf(end, key, shape, signal),
    ]);
    if (before !== after) return true;
  }
  return false;
}

async function digestOf(
  checkpoint: TorchDist,
  key: string,
  shape: readonly number[],
  signal: AbortSignal,
): Promise<string> {
  const hash = newSha256();
  for await (const block of checkpoint.regionBlocks(key, {
    offsets: shape.map(() => 0),
    sizes: shape,
  })) {
    throwIfAborted(signal);
    hash.update(block);
  }
  return hash.digest("hex");
}
