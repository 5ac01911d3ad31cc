import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { PreflightError, UsageError, type Emit } from "@moonlight-rl/core";
import { adoptArtifact } from "../artifact/adopt.ts";
import { artifactMark, isArtifact } from "../artifact/artifact.ts";
import { fromJson } from "../artifact/reference.ts";
import { fillFrom } from "../schema/keyed.ts";
import { unwrap } from "../schema/unkeyed.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { flagValue } from "./flag-value.ts";
import type { Flag } from "./flag.ts";

export interface ArtifactPathOptions {
  readonly workspace: Workspace;
  readonly remember?: boolean;
  readonly signal?: AbortSignal;
  readonly emit?: Emit;
}

/** A stage's input from flags, over a base (`--input-json`, project config). Artifacts are still paths. */
export function assembleInput(
  flags: readonly Flag[],
  texts: ReadonlyMap<string, readonly string[] | boolean>,
  base: unknown,
): unknown {
  const input: Record<string, unknown> = {};
  // Objects first: a dotted flag changes a field of the object that another flag gives.
  const given = flags.filter((flag) => texts.has(flag.name));
  for (const flag of [...given].sort((a, b) => a.path.length - b.path.length)) {
    const value = texts.get(flag.name);
    setAt(input, flag.path, Array.isArray(value) ? flagValue(flag, value) : value);
  }
  const merged = fillFrom(input, base);
  const missing = flags.find(
    (flag) =>
      flag.required &&
      flag.path.length === 1 &&
      flag.type !== "object" &&
      (merged as Record<string, unknown>)[flag.path[0] ?? ""] === undefined,
  );
  if (missing !== undefined) {
    throw new UsageError("MISSING_FLAG", `${missing.name} is required.`, {
      field: missing.name,
      ...(missing.description === undefined ? {} : { hint: missing.description }),
    });
  }
  return merged;
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = target;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    at = at[key] = typeof next === "object" && next !== null ? { ...next } : {};
  }
  at[path.at(-1) ?? ""] = value;
}

/**
 * Opens the paths at artifact fields: folders, published or plain, or names in the workspace's store. All are looked for before
 * the first is read, which can take long; then one after the other, so that after an error nothing goes on.
 */
export async function openArtifacts(
  schema: z.core.$ZodType,
  value: unknown,
  options: ArtifactPathOptions,
): Promise<unknown> {
  await mapArtifacts(schema, value, async (mark, found) => {
    if (typeof found === "string") await folderOf(mark, found, options);
    return found;
  });
  return await mapArtifacts(schema, value, async (mark, found) => {
    if (typeof found !== "string")
      return isArtifact(found) ? found : fromJson(found, options.workspace);
    const folder = await folderOf(mark, found, options);
    return await adoptArtifact(mark.kind, folder, { ...options, kindVersion: mark.kindVersion });
  });
}

type Mark = NonNullable<ReturnType<typeof artifactMark>>;

/** The value with what stands at artifact fields replaced, in the order of the fields. */
async function mapArtifacts(
  schema: z.core.$ZodType,
  value: unknown,
  replace: (mark: Mark, value: unknown) => Promise<unknown>,
): Promise<unknown> {
  const core = unwrap(schema);
  const mark = artifactMark(core);
  if (mark !== undefined) return await replace(mark, value);
  if (typeof value !== "object" || value === null) return value;
  if (core instanceof z.ZodArray && Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await mapArtifacts(core.element, item, replace));
    return items;
  }
  if (!(core instanceof z.ZodRecord || core instanceof z.ZodObject)) return value;
  const fields: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    const inner = core instanceof z.ZodRecord ? core.valueType : core.shape[key];
    fields.push([key, inner === undefined ? field : await mapArtifacts(inner, field, replace)]);
  }
  return Object.fromEntries(fields);
}

async function folderOf(
  mark: Mark,
  path: string,
  { workspace }: ArtifactPathOptions,
): Promise<string> {
  const inStore = join(workspace.store, path);
  if (await isFolder(path)) return path;
  if (await isFolder(inStore)) return inStore;
  throw new PreflightError("ARTIFACT_NOT_FOUND", `There is no folder ${path}.`, {
    file: path,
    hint: `Give the folder of a ${mark.kind} artifact, a plain folder with its files, or a name in ${workspace.store}.`,
  });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
