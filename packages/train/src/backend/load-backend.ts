import { isMoonlightError, PreflightError } from "@moonlight-rl/core";
import type { TrainBackend } from "./train-backend.ts";

export const BACKEND_NAMES = ["embedded", "miles"] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** Loads a backend when it is asked for; the packages behind them are optional. @throws PreflightError TRAIN_BACKEND_MISSING */
export async function loadBackend(name: BackendName): Promise<TrainBackend> {
  const { createTrainBackend } =
    name === "miles"
      ? await loadMiles()
      : await found(name, () => import("@moonlight-rl/embedded"));
  return createTrainBackend();
}

/** The driver of the framework, for what is asked of it beside training. @throws PreflightError TRAIN_BACKEND_MISSING */
export function loadMiles() {
  return found("miles", () => import("@moonlight-rl/miles"));
}

async function found<T>(name: BackendName, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    // It is installed and says itself what it lacks.
    if (isMoonlightError(cause)) throw cause;
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
