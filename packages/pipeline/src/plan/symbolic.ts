import { z } from "zod";
import { artifactMark, isSymbolic, SYMBOLIC, type SymbolicOrigin } from "../artifact/artifact.ts";
import { layers, unwrap } from "../schema/unkeyed.ts";
import type { Stage } from "../stage/define-stage.ts";

/** Thrown when code reads what only a run could know. Never leaves a plan. */
export class UnknownValue extends Error {
  readonly origin: SymbolicOrigin;

  constructor(origin: SymbolicOrigin) {
    super(`The value of ${origin.stage}.${origin.field} is known only after ${origin.stage} ran.`);
    this.name = "UnknownValue";
    this.origin = origin;
  }
}

/**
 * A stand-in for the output of a stage that has not run. It can be passed on to other stages.
 * Artifacts know their kind; any other value throws `UnknownValue` when it is looked at. Values that code
 * branches on without our seeing it (booleans, enums, optional fields) throw when they are taken out.
 */
export function symbolicOutput(stage: Stage, id: string): unknown {
  return symbolicObject(stage.output, id, "");
}

/** Origins of all symbolic values within an input, by path. */
export function symbolicParts(
  value: unknown,
  path = "",
): { readonly path: string; readonly origin: SymbolicOrigin; readonly opaque: boolean }[] {
  if (isSymbolic(value)) {
    return [{ path, origin: value[SYMBOLIC], opaque: !("kind" in value) }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) =>
    symbolicParts(field, path === "" ? key : `${path}.${key}`),
  );
}

function symbolicObject(schema: z.ZodObject, stage: string, path: string): object {
  const object = {};
  for (const [key, field] of Object.entries(schema.shape)) {
    const origin = { stage, field: path === "" ? key : `${path}.${key}` };
    const value = branchedOn(field) ? undefined : symbolicValue(field, origin);
    Object.defineProperty(object, key, {
      enumerable: true,
      get: () => {
        if (value === undefined) throw new UnknownValue(origin);
        return value;
      },
    });
  }
  return object;
}

function symbolicValue(schema: z.core.$ZodType, origin: SymbolicOrigin): object {
  const core = unwrap(schema);
  const mark = artifactMark(core);
  if (mark !== undefined) return symbolicArtifact(mark, origin);
  if (core instanceof z.ZodObject) return symbolicObject(core, origin.stage, origin.field);
  return opaque(origin);
}

/** Comparison and truth tests cannot be observed, so such fields are never handed out. */
function branchedOn(schema: z.core.$ZodType): boolean {
  const all = layers(schema);
  if (all.some((layer) => layer instanceof z.ZodOptional || layer instanceof z.ZodNullable)) {
    return true;
  }
  const core = all.at(-1);
  return (
    core instanceof z.ZodBoolean ||
    core instanceof z.ZodEnum ||
    core instanceof z.ZodLiteral ||
    core instanceof z.ZodUnion
  );
}

function symbolicArtifact(
  mark: { readonly kind: string; readonly kindVersion: number },
  origin: SymbolicOrigin,
): object {
  const artifact = { kind: mark.kind, kindVersion: mark.kindVersion, [SYMBOLIC]: origin };
  for (const field of ["digest", "path", "meta"]) {
    Object.defineProperty(artifact, field, {
      enumerable: true,
      get: () => {
        throw new UnknownValue({ ...origin, field: `${origin.field}.${field}` });
      },
    });
  }
  return artifact;
}

function opaque(origin: SymbolicOrigin): object {
  const unknown = (): never => {
    throw new UnknownValue(origin);
  };
  return new Proxy(
    {},
    {
      get: (_, key) => {
        if (key === SYMBOLIC) return origin;
        // Promises ask this of whatever they resolve to.
        if (key === "then") return undefined;
        return unknown();
      },
      has: (_, key) => key === SYMBOLIC,
      ownKeys: unknown,
      set: unknown,
    },
  );
}
