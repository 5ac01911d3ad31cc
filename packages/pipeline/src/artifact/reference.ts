import { isAbsolute, join, relative, sep } from "node:path";
import { z } from "zod";
import { validate, VerificationError, type Json } from "@moonlight-rl/core";
import type { Workspace } from "../workspace/workspace.ts";
import { adoptArtifact } from "./adopt.ts";
import { isArtifact, type Artifact } from "./artifact.ts";
import { readManifest, toArtifact } from "./manifest.ts";
import { verifyArtifact, type VerifyOptions } from "./verify.ts";

/** An artifact in JSON. `path` is relative to the workspace folder when inside it, else absolute. */
export const artifactReferenceSchema = z.strictObject({
  $artifact: z.string(),
  kindVersion: z.int(),
  digest: z.string(),
  path: z.string().optional(),
});

export type ArtifactReference = Omit<z.output<typeof artifactReferenceSchema>, "path"> & {
  readonly path?: string;
};

/** A value as JSON: artifacts become references; `undefined` fields are dropped. Without a workspace references carry no path (keys). */
export function toJson(value: unknown, workspace?: Workspace): Json {
  if (isArtifact(value)) return { ...toReference(value, workspace) };
  if (Array.isArray(value)) return value.map((item) => toJson(item, workspace));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([key, field]) => [key, toJson(field, workspace)]),
    );
  }
  return value as Json;
}

export interface OpenOptions extends VerifyOptions {
  /** false = digests of folders outside the store are not written down for next time (plans). */
  readonly remember?: boolean;
}

export function toReference(artifact: Artifact, workspace?: Workspace): ArtifactReference {
  const reference = {
    $artifact: artifact.kind,
    kindVersion: artifact.kindVersion,
    digest: artifact.digest,
  };
  if (workspace === undefined) return reference;
  const inside = relative(workspace.root, artifact.path);
  const path =
    inside.startsWith("..") || isAbsolute(inside) ? artifact.path : inside.split(sep).join("/");
  return { ...reference, path };
}

/** The inverse of `toJson`: references become artifacts that were found and verified (sizes, or digests on request). */
export async function fromJson(
  value: unknown,
  workspace: Workspace,
  options: OpenOptions = {},
): Promise<unknown> {
  if (Array.isArray(value)) {
    return Promise.all(value.map((item) => fromJson(item, workspace, options)));
  }
  if (typeof value !== "object" || value === null) return value;
  if ("$artifact" in value) return openReference(value, workspace, options);
  const fields = await Promise.all(
    Object.entries(value).map(
      async ([key, field]) => [key, await fromJson(field, workspace, options)] as const,
    ),
  );
  return Object.fromEntries(fields);
}

async function openReference(
  value: object,
  workspace: Workspace,
  options: OpenOptions,
): Promise<Artifact> {
  const reference = validate(artifactReferenceSchema, value, { what: "artifact reference" });
  const { $artifact: kind, kindVersion, digest } = reference;
  const at = reference.path ?? join("store", `${kind}-${digest.slice(0, 16)}`);
  const path = isAbsolute(at) ? at : join(workspace.root, at);
  const manifest = await readManifest(path);
  const artifact =
    manifest === undefined && isAbsolute(at)
      ? await adoptArtifact(kind, path, { ...options, workspace, kindVersion })
      : manifest && toArtifact(path, manifest);
  if (artifact === undefined || artifact.digest !== digest || artifact.kind !== kind) {
    throw new VerificationError(
      artifact === undefined ? "ARTIFACT_MISSING" : "ARTIFACT_CHANGED",
      `The artifact ${kind} ${digest.slice(0, 16)} is no longer at ${path}.`,
      { file: path, hint: "Run the stage that makes it again." },
    );
  }
  if (manifest !== undefined) await verifyArtifact(artifact, options);
  return artifact;
}
