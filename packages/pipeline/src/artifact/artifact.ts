import { z } from "zod";
import type { Json } from "@moonlight-rl/core";

export interface JsonObject {
  readonly [key: string]: Json;
}

/** A published folder; equal content and meaning give an equal `digest`. */
export interface Artifact<K extends string = string> {
  readonly kind: K;
  readonly kindVersion: number;
  /** sha256 of the canonical manifest: the identity. */
  readonly digest: string;
  /** Absolute path of the folder. */
  readonly path: string;
  /** What changes the meaning of the files, as the producer stated it. */
  readonly meta: JsonObject;
}

/** What an `artifact()` schema says about itself; travels as zod metadata, so it needs no `instanceof`. */
export interface ArtifactMark {
  readonly kind: string;
  readonly kindVersion: number;
}

const MARK = "moonlightArtifact";

/**
 * Schema of an artifact field in a stage's input or output.
 *
 * Values are `Artifact` objects; on the CLI the field is a path to an artifact folder, or to a plain folder
 * that is hashed in place.
 *
 * @example
 * import { artifact } from "@moonlight-rl/pipeline";
 * import { z } from "zod";
 *
 * const input = z.strictObject({ model: artifact("hf-model").describe("model folder") });
 * input.safeParse({ model: "a plain text" }).success; // false
 */
export function artifact<K extends string>(
  kind: K,
  kindVersion = 1,
): z.ZodCustom<Artifact<K>, Artifact<K>> {
  const schema = z.custom<Artifact<K>>(
    (value) => isArtifact(value) && value.kind === kind && value.kindVersion === kindVersion,
    {
      error: ({ input }) =>
        isArtifact(input)
          ? `expected an artifact of kind ${kind} (version ${kindVersion}), got ${input.kind} (version ${input.kindVersion})`
          : `expected an artifact of kind ${kind}`,
    },
  );
  return schema.meta({ [MARK]: { kind, kindVersion } satisfies ArtifactMark });
}

/** The mark of an `artifact()` schema, or undefined for any other schema. Looks at this layer only. */
export function artifactMark(schema: z.core.$ZodType): ArtifactMark | undefined {
  return z.globalRegistry.get(schema)?.[MARK] as ArtifactMark | undefined;
}

/** Recognised by shape, so that artifacts pass between copies of this package. */
export function isArtifact(value: unknown): value is Artifact {
  if (typeof value !== "object" || value === null) return false;
  const { kind, kindVersion } = value as Partial<Artifact>;
  if (typeof kind !== "string" || typeof kindVersion !== "number") return false;
  // A symbolic artifact of a plan knows its kind only; reading more of it throws.
  if (isSymbolic(value)) return true;
  const { digest, path, meta } = value as Partial<Artifact>;
  return (
    typeof digest === "string" &&
    /^[0-9a-f]{64}$/.test(digest) &&
    typeof path === "string" &&
    typeof meta === "object" &&
    meta !== null
  );
}

/** Marks values that a plan made up for results that do not exist yet. */
export const SYMBOLIC: unique symbol = Symbol.for("@moonlight-rl/symbolic") as never;

/** Where a value of a plan will come from: stage id and output field. */
export interface SymbolicOrigin {
  readonly stage: string;
  readonly field: string;
}

export function isSymbolic(value: unknown): value is { readonly [SYMBOLIC]: SymbolicOrigin } {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    SYMBOLIC in value
  );
}
