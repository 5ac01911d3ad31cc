import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { exportsOf, statementsOf, type Statement } from "./declarations.ts";

const manifestSchema = z.object({
  name: z.string(),
  exports: z.record(
    z.string(),
    z.union([z.string(), z.looseObject({ types: z.string().optional() })]),
  ),
});

/** What a package promises: the declaration of every name that can be imported from it, by entry point and name. */
export async function apiReport(folder: string): Promise<string> {
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(folder, "package.json"), "utf8")),
  );
  const parts: string[] = [];
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string" || target.types === undefined) continue;
    const names = await declarationsOf(join(folder, target.types));
    const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
    parts.push(
      `# ${join(manifest.name, entry)}\n\n${sorted.map(([name, text]) => `## ${name}\n\n${text}\n`).join("\n")}`,
    );
  }
  return parts.join("\n");
}

/** The declarations behind the names that a module exports; local ones that they are made of come with them. */
async function declarationsOf(file: string): Promise<Map<string, string>> {
  const statements = statementsOf(await readFile(file, "utf8"));
  const found = new Map<string, string>();
  for (const { name, original, from } of exportsOf(statements)) {
    if (from === undefined) found.set(name, declared(statements, original));
    else if (!from.startsWith(".")) found.set(name, `export { ${original} } from "${from}";`);
    else {
      const others = await declarationsOf(
        join(dirname(file), from.replace(/\.(?:ts|js)$/, ".d.ts")),
      );
      for (const [other, text] of others)
        if (original === "*") found.set(other, text);
        else if (other === original) found.set(name, text);
    }
  }
  return found;
}

function declared(statements: readonly Statement[], name: string): string {
  const own = statements.filter((statement) => statement.name === name);
  const text = own.map((statement) => statement.text).join("\n");
  const parts = statements.filter(
    (statement) =>
      statement.name !== undefined &&
      statement.name !== name &&
      !statement.text.startsWith("export ") &&
      new RegExp(`typeof ${statement.name}\\b`).test(text),
  );
  return [...parts.map((part) => part.text), text].join("\n");
}
