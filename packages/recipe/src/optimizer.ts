import { z } from "zod";
import { field } from "./field-facts.ts";

const moment = z.enum(["fp32", "fp16", "bf16", "fp8"]);

/** The optimizer, its schedule and where its states live. */
export const optimizerSchema = z.strictObject({
  name: field(
    z.enum(["adam", "sgd", "muon", "dist_muon"]),
    "Optimizer; muon orthogonalises the update of matrices and leaves the rest to Adam.",
    { flag: "--optimizer", usual: "adam", source: "MG:2151" },
  ),
  lr: field(z.number(), "Learning rate, the highest of the schedule.", {
    flag: "--lr",
    usual: 1e-6,
    source: "A:1339",
  }),
  minLr: field(z.number(), "Learning rate that the schedule ends at.", {
    flag: "--min-lr",
    usual: 0,
    source: "MG:2240",
  }),
  lrDecayStyle: field(
    z.enum(["constant", "linear", "cosine", "inverse-square-root", "WSD"]),
    "Learning-rate schedule after the warm-up.",
    { flag: "--lr-decay-style", usual: "linear", source: "MC:124" },
  ),
  lrDecayIters: field(
    z.int().nullable(),
    "Optimizer steps after which minLr is reached. null: all of the run.",
    { flag: "--lr-decay-iters", usual: null, unit: "steps", source: "MC:130" },
  ),
  lrWarmupIters: field(z.int(), "Optimizer steps in which the rate rises linearly.", {
    flag: "--lr-warmup-iters",
    usual: 0,
    unit: "steps",
    source: "MC:145",
  }),
  lrWarmupFraction: field(
    z.number().nullable(),
    "The warm-up as a share of the decay steps, instead of lrWarmupIters. null: lrWarmupIters.",
    { flag: "--lr-warmup-fraction", usual: null, source: "MC:142, MG:418" },
  ),
  lrWarmupInit: field(z.number(), "Learning rate that the warm-up starts at.", {
    flag: "--lr-warmup-init",
    usual: 0,
    source: "MC:151",
  }),
  lrWsdDecayIters: field(
    z.int().nullable(),
    "Last steps of the WSD schedule, in which it decays.",
    {
      flag: "--lr-wsd-decay-iters",
      usual: null,
      unit: "steps",
      source: "MC:136",
    },
  ),
  lrWsdDecayStyle: field(
    z.enum(["exponential", "linear", "cosine", "minus_sqrt"]),
    "Form of that last decay.",
    { flag: "--lr-wsd-decay-style", usual: "exponential", source: "MC:127" },
  ),
  overrideOptParamScheduler: field(
    z.boolean(),
    "Whether a resume takes this schedule instead of the checkpoint's.",
    { flag: "--override-opt-param-scheduler", usual: false, source: "MC:164" },
  ),
  weightDecay: field(z.number(), "Decoupled weight decay per step, times lr.", {
    flag: "--weight-decay",
    usual: 0.01,
    source: "MG:1914",
  }),
  adamBeta1: field(z.number(), "Decay of the first moment.", {
    flag: "--adam-beta1",
    usual: 0.9,
    source: "MG:1920",
  }),
  adamBeta2: field(z.number(), "Decay of the second moment.", {
    flag: "--adam-beta2",
    usual: 0.999,
    source: "MG:1923",
  }),
  adamEps: field(z.number(), "Added to the root of the second moment.", {
    flag: "--adam-eps",
    usual: 1e-8,
    source: "MG:1926",
  }),
  clipGrad: field(z.number(), "Largest global gradient norm, 0 = no clipping.", {
    flag: "--clip-grad",
    usual: 1,
    source: "A:1337",
  }),
  cpuOffload: field(
    z.boolean(),
    "Whether optimizer states live in host memory and steps run on the CPU.",
    { flag: "--optimizer-cpu-offload", usual: false, source: "MG:2154" },
  ),
  offloadFraction: field(z.number(), "Share of the states that is offloaded.", {
    flag: "--optimizer-offload-fraction",
    usual: 1,
    source: "MG:2156",
  }),
  overlapCpuOptimizerD2hH2d: field(
    z.boolean(),
    "Whether offloaded steps overlap with their copies.",
    { flag: "--overlap-cpu-optimizer-d2h-h2d", usual: false, source: "MG:2160" },
  ),
  usePrecisionAwareOptimizer: field(
    z.boolean(),
    "Transformer Engine's optimizer with states of chosen precision.",
    { flag: "--use-precision-aware-optimizer", usual: false, source: "MG:2952" },
  ),
  mainGradsDtype: field(z.enum(["fp32", "bf16"]), "Type of the gradients that the step reads.", {
    flag: "--main-grads-dtype",
    usual: "fp32",
    source: "MG:2956",
  }),
  mainParamsDtype: field(z.enum(["fp32", "fp16"]), "Type of the master weights.", {
    flag: "--main-params-dtype",
    usual: "fp32",
    source: "MG:2958",
  }),
  expAvgDtype: field(moment, "Type of the first moment.", {
    flag: "--exp-avg-dtype",
    usual: "fp32",
    source: "MG:2960",
  }),
  expAvgSqDtype: field(moment, "Type of the second moment.", {
    flag: "--exp-avg-sq-dtype",
    usual: "fp32",
    source: "MG:2965",
  }),
  muonMomentum: field(z.number(), "Momentum of Muon.", {
    flag: "--muon-momentum",
    usual: 0.9,
    source: "MG:1931",
  }),
  muonUseNesterov: field(z.boolean(), "Whether Muon's momentum is Nesterov's.", {
    flag: "--muon-use-nesterov",
    usual: false,
    source: "MG:1936",
  }),
  muonNumNsSteps: field(z.int(), "Newton-Schulz iterations per orthogonalisation.", {
    flag: "--muon-num-ns-steps",
    usual: 5,
    unit: "iterations",
    source: "MG:1944",
  }),
  muonScaleMode: field(
    z.enum(["spectral", "unit_rms_norm", "shape_scaling"]),
    "How the orthogonal update is scaled to the matrix's shape.",
    { flag: "--muon-scale-mode", usual: "spectral", source: "MG:1938" },
  ),
  muonExtraScaleFactor: field(z.number(), "Further factor of the update.", {
    flag: "--muon-extra-scale-factor",
    usual: 1,
    source: "MG:1949",
  }),
  muonTpMode: field(
    z.enum(["blockwise", "duplicated", "distributed"]),
    "How a matrix that is split by tensor parallelism is orthogonalised.",
    { flag: "--muon-tp-mode", usual: "blockwise", source: "MG:1946" },
  ),
  resetOptimizerStates: field(z.boolean(), "Whether the states are cleared after each rollout.", {
    flag: "--reset-optimizer-states",
    usual: false,
    source: "A:1492",
  }),
});
