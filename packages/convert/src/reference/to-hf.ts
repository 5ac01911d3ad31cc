import { join } from "node:path";
import { iterationFolder, openHfModel, openTorchDist } from "@moonlight-rl/checkpoint";
import { removePath } from "@moonlight-rl/core";
import type { Artifact, StageContext } from "@moonlight-rl/pipeline";
import { RECORDS } from "../megatron/copy-companions.ts";
import { checkOutput } from "./check-output.ts";
import { findInstallation, TOOLS } from "./installation.ts";
import { runTool } from "./run-tool.ts";
import { syncTree } from "./sync-tree.ts";
import type { ReferenceSettings } from "./settings.ts";

/** `tools/convert_torch_dist_to_hf.py`, its output read and compared with the checkpoint before it is published. */
export async function referenceToHf(
  trained: Artifact<"torch-dist">,
  source: Artifact<"hf-model">,
  settings: ReferenceSettings,
  context: StageContext,
): Promise<Artifact<"hf-model">> {
  const { config } = await openHfModel(source.path);
  const checkpoint = await openTorchDist(trained.path);
  await checkpoint.close();
  const { python, miles, env } = await findInstallation("hf", settings, context);
  const folder = join(context.scratch, "hf-model");
  await removePath(folder);
  await runTool(
    python,
    [
      join(miles, TOOLS.hf),
      "--input-dir",
      join(trained.path, iterationFolder(checkpoint.iteration)),
      "--output-dir",
      folder,
      "--origin-hf-dir",
      source.path,
      "--vocab-size",
      String(config.vocab_size),
    ],
    { cwd: miles, env },
    context,
  );
  // It copies whatever lies beside the weights.
  await Promise.all([...RECORDS].map((name) => removePath(join(folder, name))));
  await checkOutput(trained.path, folder, source.path, context);
  await syncTree(folder);
  return context.publish("hf-model", folder, { meta: {} });
}
