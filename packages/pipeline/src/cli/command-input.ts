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

/** Opens the paths at artifact fields: folders, published or plain, or names in the workspace's store. */
export async function openArtifacts(
  schema: z.core.$ZodType,
  value: unknown,
  options: ArtifactPathOptions,
): Promise<unknown> {
  const core = unwrap(schema);
  const mark = artifactMark(core);
  if (mark !== undefined) {
    if (typeof value === "string") return openPath(mark, value, options);
    return isArtifact(value) ? value : fromJson(value, options.workspace);
  }
  if (core instanceof z.ZodArray && Array.isArray(value)) {
    return Promise.all(value.map((item) => openArtifacts(core.element, item, options)));
  }
  if (typeof value !== "object" || value === null) return value;
  if (core instanceof z.ZodRecord) {
    return mapFields(value, (_, field) => openArtifacts(core.valueType, field, options));
  }
  if (!(core instanceof z.ZodObject)) return value;
  return mapFields(value, async (key, field) => {
    const inner = core.shape[key];
    return inner === undefined ? field : openArtifacts(inner, field, options);
  });
}

async function mapFields(
  value: object,
  map: (key: string, field: unknown) => Promise<unknown>,
): Promise<unknown> {
  const fields = await Promise.all(
    Object.entries(value).map(async ([key, field]) => [key, await map(key, field)] as const),
  );
  return Object.fromEntries(fields);
}

async function openPath(
  mark: { readonly kind: string; readonly kindVersion: number },
  path: string,
  options: ArtifactPathOptions,
): Promise<unknown> {
  const inStore = join(options.workspace.store, path);
  const found = (await isFolder(path)) ? path : (await isFolder(inStore)) ? inStore : undefined;
  if (found === undefined) {
    throw new PreflightError("ARTIFACT_NOT_FOUND", `There is no folder ${path}.`, {
      file: path,
      hint: `Give the folder of a ${mark.kind} artifact, a plain folder with its files, or a name in ${options.workspace.store}.`,
    });
  }
  return adoptArtifact(mark.kind, found, { ...options, kindVersion: mark.kindVersion });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
