import { formatTable } from "@moonlight-rl/core";
import { isArtifact } from "../artifact/artifact.ts";

/** A stage's output as an aligned table: one row per field, nested fields dotted. */
export function resultTable(output: unknown): string {
  return formatTable([{ title: "output" }, { title: "value" }], rows(output, ""));
}

function rows(value: unknown, path: string): (readonly [string, string])[] {
  if (isArtifact(value)) {
    return [[path, `${value.kind} ${value.digest.slice(0, 12)}  ${value.path}`]];
  }
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  if (Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null)) {
    return [[path, value.join(", ")]];
  }
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .flatMap(([key, field]) => rows(field, path === "" ? key : `${path}.${key}`));
}
