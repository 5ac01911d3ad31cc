import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isMoonlightError, writeJsonAtomic, type Json } from "@moonlight-rl/core";
import { fromJson, toJson, type OpenOptions } from "../artifact/reference.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { firstDifference, inputDistance } from "./difference.ts";
import { keyPartsSchema, type KeyParts, type StageKey } from "./key.ts";

const recordSchema = z.object({
  contract: z.literal(1),
  key: z.string(),
  parts: keyPartsSchema,
  output: z.json(),
  seconds: z.number(),
  finished: z.iso.datetime(),
});

/** `cache/<key>.json`: what a stage made, and from what. */
export type CacheRecord = z.output<typeof recordSchema>;

/** A reusable output, or why there is none: no record (`absent`) or one that is not true any more (`damaged`). */
export type CacheLookup =
  | { readonly status: "hit"; readonly output: unknown; readonly seconds: number }
  | { readonly status: "absent" }
  | { readonly status: "damaged"; readonly reason: string };

export async function lookUp(
  workspace: Workspace,
  key: string,
  options: OpenOptions = {},
): Promise<CacheLookup> {
  const record = await readRecord(join(workspace.cache, `${key}.json`));
  if (record === "absent") return { status: "absent" };
  if (record === "damaged" || record.key !== key) {
    return { status: "damaged", reason: `cache/${key}.json is not a cache record of this key` };
  }
  try {
    const output = await fromJson(record.output, workspace, options);
    return { status: "hit", output, seconds: record.seconds };
  } catch (error) {
    if (!isMoonlightError(error) || error.code === "INTERRUPTED") throw error;
    return { status: "damaged", reason: error.message };
  }
}

export async function remember(
  workspace: Workspace,
  { key, parts }: StageKey,
  output: unknown,
  seconds: number,
  finished: Date,
): Promise<void> {
  await mkdir(workspace.cache, { recursive: true });
  const record: CacheRecord = {
    contract: 1,
    key,
    parts: parts as CacheRecord["parts"],
    output: toJson(output, workspace) as CacheRecord["output"],
    seconds,
    finished: finished.toISOString(),
  };
  await writeJsonAtomic(join(workspace.cache, `${key}.json`), record);
}

/** Why a key has no result: its first difference to the nearest record of the same stage, the newest of equally near ones. */
export async function reasonForMiss(workspace: Workspace, parts: KeyParts): Promise<string> {
  let nearest: { readonly record: CacheRecord; readonly distance: number } | undefined;
  for (const name of await recordNames(workspace)) {
    const record = await readRecord(join(workspace.cache, name));
    if (typeof record === "string" || record.parts.stage !== parts.stage) continue;
    const distance = inputDistance(record.parts, parts);
    const nearer =
      nearest === undefined ||
      distance < nearest.distance ||
      (distance === nearest.distance && record.finished > nearest.record.finished);
    if (nearer) nearest = { record, distance };
  }
  if (nearest === undefined) return "never run in this workspace";
  return firstDifference(nearest.record.parts, parts) ?? "its result is gone";
}

async function recordNames(workspace: Workspace): Promise<string[]> {
  try {
    return (await readdir(workspace.cache)).filter((name) => name.endsWith(".json"));
  } catch {
    // A workspace that was never used has no cache folder.
    return [];
  }
}

export async function readRecord(path: string): Promise<CacheRecord | "absent" | "damaged"> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "absent" : "damaged";
  }
  try {
    const parsed = recordSchema.safeParse(JSON.parse(text) as Json);
    return parsed.success ? parsed.data : "damaged";
  } catch {
    return "damaged";
  }
}
