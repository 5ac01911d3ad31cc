import type { Json } from "@moonlight-rl/core";
import { compare } from "../artifact/folder.ts";
import type { KeyParts } from "./key.ts";

/** One sentence on the first part in which two keys differ; undefined when they are equal. */
export function firstDifference(before: KeyParts, now: KeyParts): string | undefined {
  const input = differenceOf(before.input, now.input, "");
  if (input !== undefined) return `input ${input}`;
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

function differenceOf(a: Json | undefined, b: Json | undefined, path: string): string | undefined {
  if (isObject(a) && isObject(b) && !("$artifact" in a) && !("$artifact" in b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(compare);
    for (const key of keys) {
      const found = differenceOf(a[key], b[key], path === "" ? key : `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      const found = differenceOf(a[i] as Json, b[i] as Json, `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (JSON.stringify(a) === JSON.stringify(b)) return undefined;
  return `${path || "value"}: ${show(a)} → ${show(b)}`;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: Json | undefined): string {
  if (value === undefined) return "(absent)";
  if (isObject(value)) {
    const { $artifact: kind, digest } = value;
    if (typeof kind === "string" && typeof digest === "string") return `${kind} ${short(digest)}`;
  }
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function short(digest: string): string {
  return digest.slice(0, 12);
}
