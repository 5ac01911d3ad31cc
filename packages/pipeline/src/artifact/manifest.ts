import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { digestOf, isMoonlightError, validate, VerificationError } from "@moonlight-rl/core";
import type { Artifact, JsonObject } from "./artifact.ts";
import { compare, isSafePath, MANIFEST_FILE } from "./folder.ts";

const fileSchema = z.strictObject({
  path: z.string().refine(isSafePath, "not a safe relative path"),
  size: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
});

/** `manifest.json`: the whole identity of an artifact, and nothing else. */
export const manifestSchema = z.strictObject({
  contract: z.literal(1),
  kind: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "expected kebab-case"),
  kindVersion: z.int().positive(),
  files: z.array(fileSchema),
  meta: z.record(z.string(), z.json()),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestFile = z.output<typeof fileSchema>;

export function makeManifest(
  kind: string,
  kindVersion: number,
  files: readonly ManifestFile[],
  meta: JsonObject,
): Manifest {
  return validate(
    manifestSchema,
    {
      contract: 1,
      kind,
      kindVersion,
      files: [...files].sort((a, b) => compare(a.path, b.path)),
      meta,
    },
    { what: "artifact manifest", code: "MANIFEST_INVALID", content: true },
  );
}

/** An artifact's identity: sha256 of its canonical manifest. */
export function manifestDigest(manifest: Manifest): string {
  return digestOf(manifest);
}

/** The manifest of a folder; undefined when there is none. Any other content is a `VerificationError`. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new VerificationError(
      "MANIFEST_INVALID",
      `Cannot read ${path}: ${(cause as Error).message}`,
      { file: path, cause },
    );
  }
  try {
    return validate(manifestSchema, JSON.parse(text), { what: "manifest.json", file: path });
  } catch (cause) {
    throw new VerificationError(
      "MANIFEST_INVALID",
      `${path} is not an artifact manifest: ${(cause as Error).message}`,
      {
        file: path,
        cause,
        ...(isMoonlightError(cause) && cause.field !== undefined ? { field: cause.field } : {}),
      },
    );
  }
}

export function toArtifact<K extends string>(path: string, manifest: Manifest): Artifact<K> {
  return {
    kind: manifest.kind as K,
    kindVersion: manifest.kindVersion,
    digest: manifestDigest(manifest),
    path,
    meta: manifest.meta,
  };
}
