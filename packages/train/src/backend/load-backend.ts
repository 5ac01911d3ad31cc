import { PreflightError } from "@moonlight-rl/core";
import type { TrainBackend } from "./train-backend.ts";

export const BACKEND_NAMES = ["embedded", "miles"] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** Loads a backend when it is asked for; the packages behind them are optional. */
export async function loadBackend(name: BackendName): Promise<TrainBackend> {
  try {
    const { createTrainBackend } =
      name === "miles"
        ? await import("@moonlight-rl/miles")
        : await import("@moonlight-rl/embedded");
    return createTrainBackend();
  } catch (cause) {
    throw new PreflightError(
      "TRAIN_BACKEND_MISSING",
      `The backend ${name} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        field: "backend",
        hint: `Install it: npm install @moonlight-rl/${name}`,
        cause,
      },
    );
  }
}
