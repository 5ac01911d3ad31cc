import type { HfConfig } from "@moonlight-rl/model";
import type { GenerationEvent, GenerationRequest } from "./generation.ts";

/** What the engine's thread starts with. */
export interface EngineThreadData {
  readonly config: HfConfig;
  readonly parameters: Float32Array;
  readonly threads: number | undefined;
  /** Sequences decoded at once. */
  readonly maxConcurrency: number;
}

export type EngineCommand =
  | { readonly op: "generate"; readonly id: number; readonly request: GenerationRequest }
  /** Ends a request, or one of its samples. */
  | { readonly op: "abort"; readonly id: number; readonly sample?: number };

/** Something that became known about a request. */
export type RequestEvent =
  | GenerationEvent
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string };

/** All that one step brought, in order. */
export interface EngineEvents {
  readonly op: "events";
  readonly events: readonly { readonly id: number; readonly event: RequestEvent }[];
}

export type EngineReply =
  | { readonly op: "ready" }
  | { readonly op: "refused"; readonly error: EngineRefusal }
  | EngineEvents;

/** Why the engine could not start; errors lose their class on the way between threads. */
export interface EngineRefusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly field: string | undefined;
}
