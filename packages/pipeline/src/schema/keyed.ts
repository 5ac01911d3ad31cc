import { z } from "zod";
import { isUnkeyed, unwrap } from "./unkeyed.ts";

/** The value without the fields that its schema marks as `unkeyed`. Values are not changed in place. */
export function keyedPart(schema: z.core.$ZodType, value: unknown): unknown {
  const core = unwrap(schema);
  if (Array.isArray(value)) {
    return core instanceof z.ZodArray ? value.map((item) => keyedPart(core.element, item)) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (core instanceof z.ZodRecord) {
    return mapFields(value, (field) => keyedPart(core.valueType, field));
  }
  if (core instanceof z.ZodUnion) {
    // A field that any alternative marks is left out: the mark is about the field's meaning.
    return core.options.reduce((kept, option) => keyedPart(option, kept), value as unknown);
  }
  if (core instanceof z.ZodIntersection) {
    return keyedPart(core.def.right, keyedPart(core.def.left, value));
  }
  if (!(core instanceof z.ZodObject)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    const inner = core.shape[key];
    if (inner !== undefined && isUnkeyed(inner)) continue;
    kept[key] = inner === undefined ? field : keyedPart(inner, field);
  }
  return kept;
}

/** `value` with its missing unkeyed fields taken from `other`: the inverse of `keyedPart`. Other fields stay as they are. */
export function withUnkeyed(schema: z.core.$ZodType, value: unknown, other: unknown): unknown {
  const core = unwrap(schema);
  if (!(core instanceof z.ZodObject) || !isPlainObject(value) || !isPlainObject(other)) {
    return value;
  }
  const filled: Record<string, unknown> = { ...value };
  for (const [key, inner] of Object.entries(core.shape)) {
    if (isUnkeyed(inner)) {
      if (!(key in filled) && key in other) filled[key] = other[key];
    } else if (key in filled) filled[key] = withUnkeyed(inner, filled[key], other[key]);
  }
  return filled;
}

/** `value` with the fields that it lacks taken from `other`, object by object. */
export function fillFrom(value: unknown, other: unknown): unknown {
  if (!isPlainObject(value) || !isPlainObject(other)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [key, field] of Object.entries(other)) {
    filled[key] = key in filled ? fillFrom(filled[key], field) : field;
  }
  return filled;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapFields(value: object, map: (field: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, map(field)]));
}
