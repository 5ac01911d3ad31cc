import { UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";

/** How the reference's converter spreads the model over GPUs while it holds it. */
export interface ConversionLayout {
  readonly gpus: number;
  readonly pipelineParallel: number;
  readonly expertParallel: number;
  /** Layers of the last pipeline stage; the others have equally many. */
  readonly lastStageLayers: number;
}

/**
 * The layout, checked as Megatron would. Stages by default: halved from the number of GPUs until the last one has a layer, as
 * the reference does by itself (tools/convert_hf_to_torch_dist.py, get_args).
 *
 * @throws UsageError CONVERT_LAYOUT
 */
export function conversionLayout(
  config: HfConfig,
  gpus: number,
  wanted: { readonly pipelineParallel?: number | undefined; readonly expertParallel: number },
): ConversionLayout {
  const layers = config.num_hidden_layers;
  const stages = wanted.pipelineParallel ?? mostStages(layers, gpus, wanted.expertParallel);
  const last = lastStage(layers, stages);
  const { expertParallel } = wanted;
  if (gpus % stages !== 0 || last < 1)
    throw refusal(
      "pipelineParallel",
      `${stages} pipeline stages do not fit ${gpus} GPUs and ${layers} layers.`,
      "Choose a divisor of the GPUs that leaves the last stage a layer.",
    );
  if ((gpus / stages) % expertParallel !== 0 || config.n_routed_experts % expertParallel !== 0)
    throw refusal(
      "expertParallel",
      `${config.n_routed_experts} experts do not divide among ${expertParallel} of ${gpus / stages} GPUs a stage.`,
      "Choose a divisor of both, or fewer pipeline stages.",
    );
  return { gpus, pipelineParallel: stages, expertParallel, lastStageLayers: last };
}

function mostStages(layers: number, gpus: number, expertParallel: number): number {
  for (let stages = gpus; stages > 1; stages /= 2) {
    if (!Number.isInteger(stages)) break;
    if ((gpus / stages) % expertParallel === 0 && lastStage(layers, stages) > 0) return stages;
  }
  return 1;
}

function lastStage(layers: number, stages: number): number {
  return layers - Math.ceil(layers / stages) * (stages - 1);
}

function refusal(field: string, message: string, hint: string): UsageError {
  return new UsageError("CONVERT_LAYOUT", message, { field, hint });
}
