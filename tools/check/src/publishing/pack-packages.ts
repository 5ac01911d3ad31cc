import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { projectFolders } from "../projects.ts";

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  private: z.boolean().default(false),
});
const packedSchema = z.array(
  z.object({
    name: z.string(),
    version: z.string(),
    filename: z.string(),
    size: z.number(),
    unpackedSize: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
);

/** A package as it would be published. */
export interface PackedPackage {
  readonly name: string;
  readonly version: string;
  /** Its folder in the repository, relative to the root. */
  readonly folder: string;
  readonly tarball: string;
  /** Bytes, packed and unpacked. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly string[];
}

/** Folders of the packages that are published. */
export async function publicFolders(): Promise<string[]> {
  const folders = await projectFolders();
  const manifests = await Promise.all(
    folders.map(async (folder) =>
      manifestSchema.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8"))),
    ),
  );
  return folders.filter((_, i) => manifests[i]?.private === false);
}

/** Packs every public package into a folder, as `npm publish` would. */
export async function packPackages(into: string): Promise<PackedPackage[]> {
  const folders = await publicFolders();
  const { stdout } = await execa(
    "npm",
    [
      "pack",
      "--json",
      "--ignore-scripts",
      "--pack-destination",
      into,
      ...folders.flatMap((folder) => ["--workspace", folder]),
    ],
    { stdin: "ignore", maxBuffer: 1 << 27 },
  );
  const packed = packedSchema.parse(asList(JSON.parse(stdout)));
  return packed.map(({ name, version, filename, size, unpackedSize, files }, i) => ({
    name,
    version,
    folder: folders[i] ?? "",
    tarball: join(into, filename),
    size,
    unpackedSize,
    files: files.map(({ path }) => path),
  }));
}

/** npm 11 prints a list, later versions an object by name. */
function asList(printed: unknown): unknown {
  return Array.isArray(printed)
    ? printed
    : Object.values(z.record(z.string(), z.unknown()).parse(printed));
}
