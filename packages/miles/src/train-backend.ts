import type { Recipe } from "@moonlight-rl/recipe";
import { refuseFields, type Refusal } from "./train/refuse-fields.ts";
import { trainMiles } from "./train/train-miles.ts";
import type { MilesTrainRequest, MilesTrainResult } from "./train/train-request.ts";

/** What `@moonlight-rl/train` asks of a backend. */
export interface MilesBackend {
  readonly name: "miles";
  /** Recipe fields that cannot be honoured. */
  refuse(recipe: Recipe): Refusal[];
  train(request: MilesTrainRequest): Promise<MilesTrainResult>;
}

/** The backend that has the miles framework train, as a job of Ray. */
export function createTrainBackend(): MilesBackend {
  return { name: "miles", refuse: refuseFields, train: trainMiles };
}
