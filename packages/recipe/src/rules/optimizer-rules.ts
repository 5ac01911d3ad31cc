import { faultIf, type Rule } from "./rule.ts";

export const OPTIMIZER_RULES: readonly Rule[] = [
  {
    id: "optimizer-lr",
    severity: "error",
    beyondReference: false,
    reference: "Bare assert min_lr <= lr (MG:900).",
    check: ({ recipe: { optimizer } }) =>
      faultIf(
        optimizer.lr < 0,
        "optimizer.lr",
        `${optimizer.lr} would climb the loss`,
        "Use a value above 0.",
      ),
  },
  {
    id: "optimizer-lr-zero",
    severity: "warning",
    beyondReference: true,
    reference: "Accepted; the weights never change.",
    check: ({ recipe: { optimizer } }) =>
      faultIf(
        optimizer.lr === 0,
        "optimizer.lr",
        "a learning rate of 0 never changes the weights",
        "Use a value above 0, unless a dry run is meant.",
      ),
  },
  {
    id: "optimizer-offload-precision-aware",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (MG:1254-1258).",
    check: ({ recipe: { optimizer } }) =>
      faultIf(
        optimizer.cpuOffload && !optimizer.usePrecisionAwareOptimizer,
        "optimizer.usePrecisionAwareOptimizer",
        "the offloaded optimizer is built on the precision-aware one",
        "Set optimizer.usePrecisionAwareOptimizer=true, or cpuOffload=false.",
      ),
  },
  {
    id: "optimizer-overlap-without-offload",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Silent: there are no copies to overlap.",
    check: ({ recipe: { optimizer } }) =>
      faultIf(
        optimizer.overlapCpuOptimizerD2hH2d && !optimizer.cpuOffload,
        "optimizer.overlapCpuOptimizerD2hH2d",
        "nothing is offloaded, so there is nothing to overlap",
        "Set optimizer.cpuOffload=true, or this to false.",
      ),
  },
  {
    id: "optimizer-min-lr",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      "Bare assert min_lr <= lr (MG:900), and at least 0 in the scheduler (optimizer_param_scheduler.py:127).",
    check: ({ recipe: { optimizer: o } }) =>
      faultIf(
        o.minLr < 0 || (o.lr >= 0 && o.minLr > o.lr),
        "optimizer.minLr",
        `the schedule cannot end at ${o.minLr} when it starts at ${o.lr}`,
        "Use a value from 0 to optimizer.lr.",
      ),
  },
  {
    id: "optimizer-warmup",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      "Bare asserts: warm-up below decay, start below lr (optimizer_param_scheduler.py:129-137).",
    check: ({ recipe: { optimizer: o }, arithmetic }) =>
      faultIf(
        (o.lrWarmupFraction === null
          ? o.lrWarmupIters >= (o.lrDecayIters ?? Math.max(arithmetic.totalSteps, 1))
          : o.lrWarmupFraction >= 1) ||
          (o.lr >= 0 && o.lrWarmupInit > o.lr),
        "optimizer.lrWarmupIters",
        `a warm-up of ${o.lrWarmupFraction ?? o.lrWarmupIters} from ${o.lrWarmupInit} does not fit into ${o.lrDecayIters ?? arithmetic.totalSteps} decay steps up to ${o.lr}`,
        "Warm up for fewer steps than the decay has, from at most lr.",
      ),
  },
  {
    id: "optimizer-warmup-stated",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference:
      "Not checked: a negative warm-up counts as none, and of steps and fraction the fraction wins (model.py:90-93).",
    check: ({ recipe: { optimizer: o } }) =>
      faultIf(
        o.lrWarmupIters < 0 ||
          (o.lrWarmupFraction !== null && (o.lrWarmupFraction < 0 || o.lrWarmupIters !== 0)),
        "optimizer.lrWarmupIters",
        "the warm-up is negative, or stated twice",
        "State steps or a fraction, not both, of at least 0.",
      ),
  },
  {
    id: "optimizer-wsd",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "Bare assert in the scheduler (optimizer_param_scheduler.py:140).",
    check: ({ recipe: { optimizer: o } }) =>
      faultIf(
        o.lrDecayStyle === "WSD" && o.lrWsdDecayIters === null,
        "optimizer.lrWsdDecayIters",
        "the WSD schedule needs the length of its last decay",
        "Set optimizer.lrWsdDecayIters.",
      ),
  },
  {
    id: "optimizer-precision-aware-adam",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      "AssertionError in the actors (OC:383-421); only Adam gets a distributed optimizer (MA:12).",
    check: ({ recipe: { optimizer: o } }) =>
      faultIf(
        o.usePrecisionAwareOptimizer && o.name !== "adam",
        "optimizer.usePrecisionAwareOptimizer",
        `${o.name} has no precision-aware form, and so no CPU offload either`,
        "Set it and optimizer.cpuOffload to false, or optimizer.name=adam.",
      ),
  },
  {
    id: "optimizer-state-types",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionErrors in the actors (OC:422-434).",
    check: ({ recipe: { optimizer: o } }) =>
      faultIf(
        !o.usePrecisionAwareOptimizer &&
          [o.mainGradsDtype, o.mainParamsDtype, o.expAvgDtype, o.expAvgSqDtype].some(
            (type) => type !== "fp32",
          ),
        "optimizer.usePrecisionAwareOptimizer",
        "states of another type than fp32 are the precision-aware optimizer's",
        "Set it to true, or all four types to fp32.",
      ),
  },
  {
    id: "optimizer-main-grads",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (MG:780-788).",
    check: ({ recipe: { optimizer: o, performance: p } }) =>
      faultIf(
        p.accumulateAllreduceGradsInFp32 && o.mainGradsDtype !== "fp32",
        "optimizer.mainGradsDtype",
        "gradients that are summed in fp32 are read in fp32",
        "Set it to fp32, or performance.accumulateAllreduceGradsInFp32=false.",
      ),
  },
  {
    id: "optimizer-muon-overlap",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionErrors (MG:1242-1251).",
    check: ({ recipe: { optimizer: o, performance: p } }) =>
      faultIf(
        o.name.includes("muon") && (p.overlapGradReduce || p.overlapParamGather),
        "optimizer.name",
        "Muon works with whole matrices and overlaps neither reduction nor gathering",
        "Set performance.overlapGradReduce and overlapParamGather to false.",
      ),
  },
  {
    id: "optimizer-offload-fraction",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "Not checked.",
    check: ({ recipe: { optimizer: o } }) =>
      faultIf(
        !(o.offloadFraction >= 0 && o.offloadFraction <= 1),
        "optimizer.offloadFraction",
        `${o.offloadFraction} is not a share`,
        "Use a value from 0 to 1.",
      ),
  },
  {
    id: "optimizer-overlap-gather",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (MG:664-666).",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.overlapParamGather && !p.overlapGradReduce,
        "performance.overlapParamGather",
        "gathering overlaps only together with the reduction",
        "Set performance.overlapGradReduce=true.",
      ),
  },
];
