import { refuseFields, type Refusal } from "./grpo/refuse.ts";
import { trainGrpo, type GrpoRequest, type GrpoResult } from "./grpo/train-grpo.ts";
import type { Recipe } from "@moonlight-rl/recipe";

/** What `@moonlight-rl/train` asks of a backend; structural, so that neither package needs the other's types. */
export interface EmbeddedBackend {
  readonly name: "embedded";
  /** Recipe fields that this backend cannot honour. */
  refuse(recipe: Recipe): Refusal[];
  train(request: GrpoRequest): Promise<GrpoResult>;
}

/** The backend that trains in this process, on the CPU. */
export function createTrainBackend(): EmbeddedBackend {
  return { name: "embedded", refuse: refuseFields, train: trainGrpo };
}
