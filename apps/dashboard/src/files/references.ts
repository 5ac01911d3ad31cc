import { isAbsolute, join } from "node:path";
import type { Workspace } from "@moonlight-rl/pipeline";
import { z } from "zod";

const referenceSchema = z.object({
  $artifact: z.string().regex(/^[a-z0-9-]+$/),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  path: z.string().optional(),
});

/** An artifact as the JSON of a run names it. */
export interface Reference {
  /** Field that holds it, dotted. */
  readonly field: string;
  readonly kind: string;
  readonly digest: string;
  readonly path: string | undefined;
}

/** All artifacts that a JSON value names. */
export function referencesIn(value: unknown, field = ""): Reference[] {
  if (typeof value !== "object" || value === null) return [];
  const reference = referenceSchema.safeParse(value);
  if (reference.success) {
    const { $artifact: kind, digest, path } = reference.data;
    return [{ field, kind, digest, path }];
  }
  return Object.entries(value).flatMap(([key, child]) =>
    referencesIn(child, field === "" ? key : `${field}.${key}`),
  );
}

/** Where an artifact's folder is. A relative path stays inside the workspace. */
export function folderOf(
  workspace: Workspace,
  { kind, digest, path }: Pick<Reference, "kind" | "digest" | "path">,
): string {
  const inStore = join(workspace.store, `${kind}-${digest.slice(0, 16)}`);
  if (path === undefined) return inStore;
  if (isAbsolute(path)) return path;
  return path.split(/[/\\]/).includes("..") ? inStore : join(workspace.root, path);
}
