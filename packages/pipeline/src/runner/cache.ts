import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isMoonlightError, removePath, writeJsonAtomic, type Json } from "@moonlight-rl/core";
import { fromJson, toJson, type OpenOptions } from "../artifact/reference.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { StageKey } from "./key.ts";

const recordSchema = z.object({
  contract: z.literal(1),
  key: z.string(),
  parts: z.object({
    stage: z.string(),
    code: z.record(z.string(), z.string()),
    input: z.json(),
  }),
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

export async function forget(workspace: Workspace, key: string): Promise<void> {
  await removePath(join(workspace.cache, `${key}.json`));
}

/** The newest record of a stage, whatever its key. */
export async function newestRecord(
  workspace: Workspace,
  stage: string,
): Promise<CacheRecord | undefined> {
  let newest: CacheRecord | undefined;
  for (const name of await recordNames(workspace)) {
    const record = await readRecord(join(workspace.cache, name));
    if (typeof record === "string" || record.parts.stage !== stage) continue;
    if (newest === undefined || record.finished > newest.finished) newest = record;
  }
  return newest;
}

async function recordNames(workspace: Workspace): Promise<string[]> {
  try {
    return (await readdir(workspace.cache)).filter((name) => name.endsWith(".json"));
  } catch {
    // A workspace that was never used has no cache folder.
    return [];
  }
}

async function readRecord(path: string): Promise<CacheRecord | "absent" | "damaged"> {
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
