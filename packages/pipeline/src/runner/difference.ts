import { canonicalJson, type Json } from "@moonlight-rl/core";
import { compare } from "../artifact/folder.ts";
import type { KeyParts } from "./key.ts";

export interface Difference {
  /** Dotted, "" for the whole value. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly now: Json | undefined;
}

/** One sentence on the first part in which two keys differ; undefined when they are equal. */
export function firstDifference(before: KeyParts, now: KeyParts): string | undefined {
  const [input] = differences(before.input, now.input);
  if (input !== undefined) {
    return `input ${input.path || "value"}: ${show(input.before)} → ${show(input.now)}`;
  }
  const names = [...new Set([...Object.keys(before.code), ...Object.keys(now.code)])].sort(compare);
  for (const name of names) {
    const [a, b] = [before.code[name], now.code[name]];
    if (a === b) continue;
    if (a === undefined || a === "absent") return `code: ${name} was added`;
    if (b === undefined || b === "absent") return `code: ${name} is gone`;
    return `code of ${name} changed (${short(a)} → ${short(b)})`;
  }
  return undefined;
}

/** How many values differ between two inputs. */
export function inputDistance(before: KeyParts, now: KeyParts): number {
  return differences(before.input, now.input).length;
}

/** All leaves that differ, in the order of their names; an artifact is one leaf. */
export function differences(
  before: Json | undefined,
  now: Json | undefined,
  path = "",
): Difference[] {
  if (isPlain(before) && isPlain(now)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort(compare);
    return keys.flatMap((key) =>
      differences(before[key], now[key], path === "" ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(now)) {
    const [a, b] = [assignments(before), assignments(now)];
    // The flags of a command line, such as ["rollout.numRollout=6"]: by what they set, wherever they stand.
    if (a !== undefined && b !== undefined && Object.keys({ ...a, ...b }).length > 0) {
      const found = differences(a, b, path);
      if (found.length > 0) return found;
    }
    const length = Math.max(before.length, now.length);
    return Array.from({ length }, (_, i) => i).flatMap((i) =>
      differences(before[i] as Json, now[i] as Json, `${path}[${i}]`),
    );
  }
  return text(before) === text(now) ? [] : [{ path, before, now }];
}

/** A list of texts like "path=value", each path once, as a record; undefined when it is another list. */
function assignments(list: readonly Json[]): Record<string, Json> | undefined {
  const record: Record<string, Json> = {};
  for (const one of list) {
    const [, name, value] = typeof one === "string" ? (/^([\w.-]+)=(.*)$/s.exec(one) ?? []) : [];
    if (name === undefined || value === undefined || name in record) return undefined;
    record[name] = value;
  }
  return record;
}

function isPlain(value: Json | undefined): value is { readonly [key: string]: Json } {
  return isObject(value) && !("$artifact" in value);
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Independent of the order of keys: a record's are sorted, an input's are not. */
function text(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonicalJson(value);
}

export function show(value: Json | undefined): string {
  if (value === undefined) return "(absent)";
  if (isObject(value)) {
    const { $artifact: kind, digest } = value;
    if (typeof kind === "string" && typeof digest === "string") return `${kind} ${short(digest)}`;
  }
  const shown = JSON.stringify(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}…` : shown;
}

export function short(digest: string): string {
  return digest.slice(0, 12);
}
