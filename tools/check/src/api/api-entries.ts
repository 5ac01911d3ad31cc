import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { exportsOf, statementsOf, type Statement } from "./declarations.ts";

const manifestSchema = z.object({
  name: z.string(),
  description: z.string().default(""),
  exports: z.record(
    z.string(),
    z.union([z.string(), z.looseObject({ types: z.string().optional() })]),
  ),
});

/** What can be imported from a package. */
export interface PackageApi {
  readonly name: string;
  readonly description: string;
  readonly entryPoints: readonly EntryPoint[];
}

export interface EntryPoint {
  /** What is imported: "@moonlight-rl/pipeline/testing". */
  readonly module: string;
  /** By name. */
  readonly exports: readonly ExportedName[];
}

export interface ExportedName {
  readonly name: string;
  /** Its declarations; overloads are several. Before them local ones that they are made of. */
  readonly statements: readonly Statement[];
  /** The declaration file; undefined: another package's. */
  readonly file: string | undefined;
}

/** Reads the declarations that a build has written. */
export async function packageApi(folder: string): Promise<PackageApi> {
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(folder, "package.json"), "utf8")),
  );
  const entryPoints: EntryPoint[] = [];
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string" || target.types === undefined) continue;
    const names = await exportedNames(join(folder, target.types));
    const exports = [...names.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    entryPoints.push({ module: join(manifest.name, entry), exports });
  }
  return { name: manifest.name, description: manifest.description, entryPoints };
}

/** The declarations behind the names that a module exports; local ones that they are made of come with them. */
async function exportedNames(file: string): Promise<Map<string, ExportedName>> {
  const statements = statementsOf(await readFile(file, "utf8"));
  const found = new Map<string, ExportedName>();
  for (const { name, original, from } of exportsOf(statements)) {
    if (from === undefined)
      found.set(name, { name, statements: declared(statements, original), file });
    else if (!from.startsWith("."))
      found.set(name, { name, statements: [handedOn(original, from)], file: undefined });
    else {
      const others = await exportedNames(
        join(dirname(file), from.replace(/\.(?:ts|js)$/, ".d.ts")),
      );
      for (const [other, exported] of others)
        if (original === "*") found.set(other, exported);
        else if (other === original) found.set(name, { ...exported, name });
    }
  }
  return found;
}

function handedOn(name: string, from: string): Statement {
  const text = `export { ${name} } from "${from}";`;
  return { text, documented: text, doc: undefined, name: undefined };
}

function declared(statements: readonly Statement[], name: string): Statement[] {
  const own = statements.filter((statement) => statement.name === name);
  const text = own.map((statement) => statement.text).join("\n");
  const parts = statements.filter(
    (statement) =>
      statement.name !== undefined &&
      statement.name !== name &&
      !statement.text.startsWith("export ") &&
      new RegExp(`typeof ${statement.name}\\b`).test(text),
  );
  return [...parts, ...own];
}
