import type { Recipe } from "@moonlight-rl/recipe";
import { refusal } from "./refusal.ts";

/** The folder that the engine serves and the tokenizer comes from: quantised ones stand in for the model's own. */
export function hfCheckpointArgs({ model, precision }: Recipe): readonly string[] {
  if (precision.mode === "bf16") {
    if (precision.rolloutCheckpoint === null) return ["--hf-checkpoint", model.hfCheckpoint];
    throw refusal(
      "precision.rolloutCheckpoint",
      "mode bf16 serves model.hfCheckpoint",
      "Set precision.mode, or precision.rolloutCheckpoint=null.",
    );
  }
  if (precision.rolloutCheckpoint !== null) return ["--hf-checkpoint", precision.rolloutCheckpoint];
  throw refusal(
    "precision.rolloutCheckpoint",
    `mode ${precision.mode} needs the quantised weights`,
    "Set it to the folder that the quantiser wrote.",
  );
}

/** The trainer's side of a low-precision recipe; the engine finds its own in the folder's config.json. */
export function precisionArgs({ precision }: Recipe): readonly string[] {
  if (precision.mode !== "fp8-blockwise") return [];
  return [
    "--transformer-impl",
    "transformer_engine",
    "--bf16",
    "--fp8-format",
    "e4m3",
    "--fp8-recipe",
    "blockwise",
  ];
}
