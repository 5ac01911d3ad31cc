import { rule, type Step } from "../step.ts";

/** What the model's setup asks for before it builds anything. */
export const MODEL_SETUP_STEPS: readonly Step[] = [
  rule(
    "upcycling",
    "miles/backends/megatron_utils/model.py:143",
    ["--moe-use-upcycling"],
    "miles does not make experts out of a dense model",
    "Drop --moe-use-upcycling.",
    (a) => a.on("moe_use_upcycling"),
  ),
  rule(
    "start-weights",
    "miles/backends/megatron_utils/model.py:144",
    ["--ref-load", "--load", "--pretrained-checkpoint"],
    "there are no weights to start from",
    "Set --ref-load to the converted checkpoint.",
    (a) => a.none("load") && a.none("pretrained_checkpoint"),
  ),
];
