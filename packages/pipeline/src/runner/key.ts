import { z } from "zod";
import { digestOf, type Json } from "@moonlight-rl/core";
import { toJson } from "../artifact/reference.ts";
import { keyedPart } from "../schema/keyed.ts";
import type { Stage } from "../stage/define-stage.ts";
import { codeDigest, type CodeDigest } from "./package-digest.ts";

/** `KeyParts` as they are written down. */
export const keyPartsSchema = z.object({
  stage: z.string(),
  code: z.record(z.string(), z.string()),
  input: z.json(),
});

/** Everything that a stage's result depends on. */
export interface KeyParts {
  readonly stage: string;
  readonly code: CodeDigest;
  /** Canonical input: unkeyed fields left out, artifacts by identity. */
  readonly input: Json;
}

export interface StageKey {
  readonly key: string;
  readonly parts: KeyParts;
}

/** The cache key of a stage for a validated and resolved input. */
export async function stageKey(stage: Stage, input: unknown): Promise<StageKey> {
  const parts: KeyParts = {
    stage: stage.name,
    code: await codeDigest(stage.from),
    input: keyedJson(stage, input),
  };
  return { key: digestOf(parts), parts };
}

/** The part of an input that counts, as JSON without paths. */
export function keyedJson(stage: Stage, input: unknown): Json {
  return toJson(keyedPart(stage.input, input));
}
