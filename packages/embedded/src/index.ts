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
export { createTrainBackend, type EmbeddedBackend } from "./backend.ts";
export { trainGrpo, type GrpoRequest, type GrpoResult } from "./grpo/train-grpo.ts";
export type { Refusal } from "./grpo/refuse.ts";
export { checkEngine } from "./onnx/check-engine.ts";
export {
  GenerationService,
  type Generation,
  type GenerationServiceOptions,
} from "./server/generation-service.ts";
export type {
  GenerationEvent,
  GenerationRequest,
  PromptEvent,
  ScoredToken,
  TokenEvent,
  TokenLogProb,
} from "./server/generation.ts";
export { startServer, type GenerationServer, type ServerOptions } from "./server/start-server.ts";
