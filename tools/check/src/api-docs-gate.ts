import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { packageApi } from "./api/api-entries.ts";
import { apiIndex, apiPage } from "./api/api-page.ts";
import type { Gate } from "./gate.ts";
import { publicFolders } from "./publishing/pack-packages.ts";

const PAGES = "docs/api";

/** The pages of `docs/api` are those that the code makes. `UPDATE_API=1 npm run check -- api-docs` writes them anew. */
export function apiDocsGate(): Gate {
  return {
    name: "api-docs",
    async run() {
      const pages = await apiPages();
      if (process.env["UPDATE_API"] === "1") await write(pages);
      const there = await readdir(PAGES).catch(() => []);
      const failures = there
        .filter((name) => !pages.has(name))
        .map((name) => `${PAGES}/${name} is of no package`);
      for (const [name, text] of pages)
        if ((await readFile(join(PAGES, name), "utf8").catch(() => "")) !== text)
          failures.push(
            `${PAGES}/${name} is not what the code says: UPDATE_API=1 npm run check -- api-docs`,
          );
      return { passed: pages.size - failures.length, failures };
    },
  };
}

async function apiPages(): Promise<Map<string, string>> {
  const folders = await publicFolders();
  const apis = await Promise.all(
    folders.map(async (folder) => [folder, await packageApi(folder)] as const),
  );
  return new Map([
    ["README.md", apiIndex(apis)],
    ...apis.map(([folder, api]) => [`${basename(folder)}.md`, apiPage(folder, api)] as const),
  ]);
}

async function write(pages: ReadonlyMap<string, string>): Promise<void> {
  await rm(PAGES, { recursive: true, force: true });
  await mkdir(PAGES, { recursive: true });
  for (const [name, text] of pages) await writeFile(join(PAGES, name), text);
}
