export type {
  GenerateRequest,
  GrpoLoss,
  LogProbOptions,
  LossSettings,
  OptimizerSettings,
  ParameterEntry,
  ParameterLayout,
  Sample,
  Sampler,
  SamplerOptions,
  SftLoss,
  TokenSequence,
  Trainer,
  TrainerOptions,
  TrainerState,
  TrainSample,
} from "./engine/types.ts";
export { createTrainer } from "./engine/trainer.ts";
export { initialParameters } from "./model/init.ts";
export { parameterLayout } from "./model/layout.ts";
export { createSampler } from "./engine/sampler.ts";
export { loadParameters, parameterTensors } from "./engine/load-parameters.ts";
