import { join } from "node:path";
import { openHfModel, readTracker } from "@moonlight-rl/checkpoint";
import { removePath, VerificationError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import { modelArgs } from "@moonlight-rl/miles";
import type { Artifact, StageContext } from "@moonlight-rl/pipeline";
import { checkTensors } from "../model/check-model.ts";
import { checkOutput } from "./check-output.ts";
import { conversionLayout, type ConversionLayout } from "./conversion-layout.ts";
import { findInstallation, TOOLS } from "./installation.ts";
import { runTool } from "./run-tool.ts";
import { syncTree } from "./sync-tree.ts";
import type { ReferenceSettings } from "./settings.ts";

/** `tools/convert_hf_to_torch_dist.py` on this machine's GPUs, its output read and compared with the model before it is published. */
export async function referenceToTorchDist(
  source: Artifact<"hf-model">,
  settings: ReferenceSettings,
  context: StageContext,
): Promise<Artifact<"torch-dist">> {
  const model = await openHfModel(source.path);
  checkTensors(model);
  const { python, miles, env, gpus } = await findInstallation("torch_dist", settings, context);
  const layout = conversionLayout(model.config, gpus, settings);
  const folder = join(context.scratch, "torch-dist");
  // It cannot go on where it stopped, and would take what lies there for its own.
  await removePath(folder);
  await runTool(
    python,
    [
      "-m",
      "torch.distributed.run",
      "--standalone",
      "--nproc-per-node",
      String(layout.gpus),
      join(miles, TOOLS.torch_dist),
      ...toolArgs(model.config, layout),
      "--hf-checkpoint",
      source.path,
      "--save",
      folder,
    ],
    // Left to itself with one stage, it would make as many as there are GPUs.
    {
      cwd: miles,
      env: { ...env, ...(layout.pipelineParallel === 1 ? { CONVERT_KEEP_PP1: "1" } : {}) },
    },
    context,
  );
  const tracker = await readTracker(folder).catch(() => undefined);
  if (tracker !== "release")
    throw new VerificationError(
      "CONVERT_BACKEND_WRONG",
      `The reference ended without an error and left ${tracker === undefined ? "no tracker file" : `a tracker that says ${tracker}`}.`,
      {
        file: folder,
        hint: "The tracker with «release» is the last thing it writes: its log says what came before.",
      },
    );
  await checkOutput(source.path, folder, source.path, context);
  await syncTree(folder);
  return context.publish("torch-dist", folder, { meta: { iteration: "release" } });
}

/** The model's flags as in training, and the parallel sizes of the conversion alone. */
export function toolArgs(config: HfConfig, layout: ConversionLayout): string[] {
  const { pipelineParallel, expertParallel, lastStageLayers } = layout;
  return [
    ...modelArgs(config),
    "--tensor-model-parallel-size",
    "1",
    "--pipeline-model-parallel-size",
    String(pipelineParallel),
    ...(pipelineParallel === 1
      ? []
      : ["--decoder-last-pipeline-num-layers", String(lastStageLayers)]),
    "--expert-model-parallel-size",
    String(expertParallel),
    "--expert-tensor-parallel-size",
    "1",
  ];
}
