import { readFileSync } from "node:fs";
import { closest, UsageError } from "@moonlight-rl/core";
import type { Flag } from "./flag.ts";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The value of a flag from the texts of its occurrences; artifacts stay paths. */
export function flagValue(flag: Flag, texts: readonly string[]): unknown {
  if (flag.type === "record") return recordValue(flag, texts);
  if (flag.repeatable) return texts.map((text) => oneValue(flag, text));
  // The last occurrence wins, so that a wrapper's flags can be overridden.
  return oneValue(flag, texts.at(-1) ?? "");
}

function oneValue(flag: Flag, text: string): unknown {
  if (flag.nullable && text === "null") return null;
  switch (flag.type) {
    case "number":
      if (!NUMBER.test(text)) throw invalid(flag, `expected a number, got "${text}"`);
      return Number(text);
    case "choice":
      return choice(flag, text);
    case "object":
      return jsonValue(flag, text);
    case "json":
      return looseValue(text);
    default:
      return text;
  }
}

function choice(flag: Flag, text: string): string {
  const choices = flag.choices ?? [];
  if (choices.includes(text)) return text;
  const near = closest(text, choices);
  throw invalid(
    flag,
    `expected one of ${choices.join(", ")}, got "${text}"`,
    near === undefined ? undefined : `Did you mean "${near}"?`,
  );
}

/** JSON text, or `@file` with JSON in it. */
export function jsonValue(flag: Pick<Flag, "name">, text: string): unknown {
  const source = text.startsWith("@") ? readText(flag, text.slice(1)) : text;
  try {
    return JSON.parse(source) as unknown;
  } catch (cause) {
    throw invalid(
      flag,
      `not JSON: ${(cause as Error).message}`,
      "Give JSON text, or @FILE with JSON in it.",
    );
  }
}

function readText(flag: Pick<Flag, "name">, path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (cause) {
    throw invalid(flag, `cannot read ${path}: ${(cause as Error).message}`);
  }
}

/** A field of several types: what is JSON is taken as JSON, anything else as text. */
function looseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function recordValue(flag: Flag, texts: readonly string[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const text of texts) {
    if (text.startsWith("{") || text.startsWith("@")) {
      Object.assign(record, jsonValue(flag, text));
      continue;
    }
    const at = text.indexOf("=");
    if (at < 1) throw invalid(flag, `expected KEY=VALUE or JSON, got "${text}"`);
    record[text.slice(0, at)] = looseValue(text.slice(at + 1));
  }
  return record;
}

function invalid(flag: Pick<Flag, "name">, message: string, hint?: string): UsageError {
  return new UsageError("INVALID_FLAG", `${flag.name}: ${message}.`, {
    field: flag.name,
    ...(hint === undefined ? {} : { hint }),
  });
}
