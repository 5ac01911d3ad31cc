import { isOptimizerState, openTorchDist, tensorBytes } from "@moonlight-rl/checkpoint";
import type { Artifact, PlanAction } from "@moonlight-rl/pipeline";

export async function planToHf(trained: Artifact<"torch-dist">): Promise<PlanAction[]> {
  const checkpoint = await openTorchDist(trained.path);
  await checkpoint.close();
  const weights = [...checkpoint.tensors].filter(([key]) => !isOptimizerState(key));
  const bytes = weights.reduce((sum, [, { shape, dtype }]) => sum + tensorBytes(shape, dtype), 0);
  return [
    {
      title: `write ${weights.length} tensors of iteration ${checkpoint.iteration} as safetensors`,
      bytes,
      diskBytes: bytes,
    },
  ];
}
