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
];
