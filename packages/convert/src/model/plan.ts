import { openHfModel } from "@moonlight-rl/checkpoint";
import type { Artifact, PlanAction } from "@moonlight-rl/pipeline";

export async function planToTorchDist(source: Artifact<"hf-model">): Promise<PlanAction[]> {
  const { tensors } = await openHfModel(source.path);
  const bytes = [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return [
    {
      title: `write ${tensors.size} tensors as torch_dist, read them back`,
      bytes,
      diskBytes: bytes,
    },
  ];
}
