import { stat } from "node:fs/promises";
import { join } from "node:path";
import { hashFile, VerificationError } from "@moonlight-rl/core";
import type { Artifact } from "./artifact.ts";
import { manifestDigest, readManifest, type Manifest } from "./manifest.ts";

export interface VerifyOptions {
  /** Read every file and compare its sha256; default false: sizes only. */
  readonly digests?: boolean;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

/** Checks that an artifact's folder still holds what its identity says. Throws `VerificationError`. */
export async function verifyArtifact(
  artifact: Artifact,
  options: VerifyOptions = {},
): Promise<void> {
  const manifest = await readManifest(artifact.path);
  if (manifest === undefined) {
    throw new VerificationError(
      "ARTIFACT_MISSING",
      `No artifact at ${artifact.path}: manifest.json is not there.`,
      { file: artifact.path, hint: "Run the stage that makes it again." },
    );
  }
  if (manifestDigest(manifest) !== artifact.digest) {
    throw new VerificationError(
      "ARTIFACT_CHANGED",
      `The manifest of ${artifact.path} is not the one that was published.`,
      { file: artifact.path, hint: "Remove the folder and run the stage that makes it again." },
    );
  }
  await verifyFiles(artifact.path, manifest, options);
}

/** Compares a folder's files with a manifest; extra files are not looked for. */
export async function verifyFiles(
  folder: string,
  manifest: Manifest,
  options: VerifyOptions = {},
): Promise<void> {
  for (const file of manifest.files) {
    const path = join(folder, file.path);
    const size = await sizeOf(path);
    if (size !== file.size) {
      const found = size === undefined ? "is missing" : `has ${size} bytes`;
      throw new VerificationError(
        "ARTIFACT_CHANGED",
        `${path} ${found}; its manifest says ${file.size} bytes.`,
        { file: path, hint: "Remove the folder and run the stage that makes it again." },
      );
    }
    if (options.digests !== true) continue;
    const { sha256 } = await hashFile(path, options);
    if (sha256 !== file.sha256) {
      throw new VerificationError(
        "ARTIFACT_CHANGED",
        `${path} has sha256 ${sha256}; its manifest says ${file.sha256}.`,
        { file: path, hint: "Remove the folder and run the stage that makes it again." },
      );
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const status = await stat(path);
    return status.isFile() ? status.size : undefined;
  } catch {
    return undefined;
  }
}
