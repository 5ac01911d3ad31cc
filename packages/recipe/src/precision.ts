import { z } from "zod";
import { field } from "./field-facts.ts";

/**
 * Named low-precision recipes. Each mode sets every flag and environment variable that it needs;
 * the single parts cannot be set apart from each other. miles only.
 */
export const precisionSchema = z.strictObject({
  mode: field(
    z.enum(["bf16", "fp8-rollout", "fp8-blockwise", "int4-qat"]),
    "bf16 throughout; fp8-rollout: the engine serves FP8 weights, training stays bf16; fp8-blockwise: training computes in the same 128 × 128 blocks (Transformer Engine) as the engine; int4-qat: training imitates the engine's INT4 weights (W4A16).",
    {
      flag: "--transformer-impl, --bf16, --fp8-format, --fp8-recipe (fp8-blockwise); environment OPEN_TRAINING_INT4_FAKE_QAT_FLAG (int4-qat)",
      usual: "bf16",
      source: "TC:493, TC:499, transformer_engine.py:1784",
    },
  ),
  rolloutCheckpoint: field(
    z.string().min(1).nullable(),
    "Hugging Face folder with the quantised weights, which takes the place of model.hfCheckpoint in every mode but bf16; the reference policy (checkpoint.refLoad) stays bf16. null: only in mode bf16.",
    { flag: "--hf-checkpoint", usual: null, source: "A:439" },
  ),
  int4GroupSize: field(
    z.int(),
    "Weights that share a scale in mode int4-qat; must be that of the quantised folder. Environment OPEN_TRAINING_INT4_GROUP_SIZE.",
    { usual: 128, unit: "weights", source: "transformer_engine.py:1785" },
  ),
});
