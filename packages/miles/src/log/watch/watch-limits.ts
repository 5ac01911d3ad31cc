import type { WatchPhase } from "./watch-event.ts";

/** How long a phase may be still, in seconds. */
export interface PhaseLimit {
  /** Without any line. */
  readonly silent: number;
  /** Without a line that says that the phase proceeds. */
  readonly stuck: number;
}

/** What alarms hold figures against. */
export interface AlarmLimits {
  /** Rollouts in a row whose every reward is 0. */
  readonly zeroRewardRollouts: number;
  /** Share of groups whose rewards are all alike; needs `groupsPerRollout` or the framework's percentages. */
  readonly zeroStdShare: number;
  /** Share of responses that reached the length limit. */
  readonly truncatedShare: number;
  /** |train/ppo_kl| and |train/train_rollout_kl| and train/kl_loss. */
  readonly kl: number;
  /** Times the median of the last figures from which on KL explodes, once it is a tenth of `kl`. */
  readonly klGrowth: number;
  /** Mean absolute difference of the trainer's and the engine's log-probabilities. */
  readonly logprobDifference: number;
  /** `--clip-grad`: a larger gradient is clipped. */
  readonly clipGrad: number;
  /** Clipped steps in a row. */
  readonly clippedSteps: number;
  /** Times `clipGrad` at which one step is enough. */
  readonly gradientSpike: number;
  /** Share of the median length of the last rollouts below which responses collapse. */
  readonly responseLengthShare: number;
  /** Share of finished groups that the dynamic filter throws away. */
  readonly droppedShare: number;
  /** Seconds of a rollout in which engines work and no group is kept. */
  readonly oversamplingSeconds: number;
  /** perf/wait_time_ratio: share of a step that trainers wait. */
  readonly waitShare: number;
  /** Mean utilisation of all GPUs, per cent, over `gpuIdleSeconds`. */
  readonly gpuUtilisation: number;
  readonly gpuIdleSeconds: number;
}

const minutes = (count: number): number => count * 60;

/** Generous: a hang is told late rather than a slow machine called hung. */
export const DEFAULT_PHASE_LIMITS: Readonly<Record<WatchPhase, PhaseLimit>> = {
  starting: { silent: minutes(10), stuck: minutes(20) },
  engines: { silent: minutes(15), stuck: minutes(30) },
  "first-rollout": { silent: minutes(20), stuck: minutes(60) },
  rollout: { silent: minutes(15), stuck: minutes(45) },
  training: { silent: minutes(15), stuck: minutes(30) },
  saving: { silent: minutes(20), stuck: minutes(30) },
  "weight-update": { silent: minutes(10), stuck: minutes(15) },
  evaluation: { silent: minutes(15), stuck: minutes(60) },
  ending: { silent: minutes(5), stuck: minutes(10) },
};

export const DEFAULT_ALARM_LIMITS: AlarmLimits = {
  zeroRewardRollouts: 1,
  zeroStdShare: 0.9,
  truncatedShare: 0.3,
  kl: 0.5,
  klGrowth: 10,
  logprobDifference: 0.1,
  clipGrad: 1,
  clippedSteps: 20,
  gradientSpike: 20,
  responseLengthShare: 0.3,
  droppedShare: 0.9,
  oversamplingSeconds: minutes(20),
  waitShare: 0.95,
  gpuUtilisation: 5,
  gpuIdleSeconds: minutes(10),
};
