import { PreflightError } from "@moonlight-rl/core";
import type { TrainBackend } from "./train-backend.ts";

export const BACKEND_NAMES = ["embedded", "miles"] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** Loads a backend when it is asked for; the packages behind them are optional. */
export async function loadBackend(name: BackendName): Promise<TrainBackend> {
  if (name === "miles") {
    throw new PreflightError(
      "TRAIN_BACKEND_UNAVAILABLE",
      "This version does not submit jobs to miles; it renders the recipe for it.",
      {
        field: "backend",
        hint: "`moonlight rollout-config --profile moonlight-16b-a3b --root DIR --render argv` prints the arguments of miles' train.py.",
      },
    );
  }
  try {
    const { createTrainBackend } = await import("@moonlight-rl/embedded");
    return createTrainBackend();
  } catch (cause) {
    throw new PreflightError(
      "TRAIN_BACKEND_MISSING",
      `The embedded engine cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        field: "backend",
        hint: "Install it: npm install @moonlight-rl/embedded",
        cause,
      },
    );
  }
}
