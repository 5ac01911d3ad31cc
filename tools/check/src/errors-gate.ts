import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pageFaults, readmeFaults } from "./errors/compare-codes.ts";
import { readErrorPage, type ErrorEntry } from "./errors/error-page.ts";
import { readmeCodes } from "./errors/readme-codes.ts";
import { scanPackage, type CodeUse } from "./errors/scan-package.ts";
import { sourceFiles } from "./errors/source-files.ts";
import type { Gate } from "./gate.ts";

const PAGES = "docs/errors";
/** What `moonlight explain` reads: the pages, in a form that travels with the app. */
const CATALOGUE = "apps/moonlight/errors.json";
const INDEX = join(PAGES, "README.md");
const INDEX_START = "<!-- every code, written by the gate `errors` -->";

/** Every code in the source has its page, every page its code, and the tables of the READMEs say the same. */
export function errorsGate(): Gate {
  return {
    name: "errors",
    async run() {
      const failures: string[] = [];
      const uses = new Map<string, readonly CodeUse[]>();
      const readmes = new Map<string, string>();
      for (const [folder, files] of await sourceFiles()) {
        const scan = scanPackage(files);
        failures.push(...scan.faults);
        uses.set(basename(folder), scan.uses);
        readmes.set(basename(folder), join(folder, "README.md"));
      }
      const entries = await readPages();
      failures.push(...pageFaults(uses, entries));
      const known = new Map(entries.map((entry) => [entry.code, entry]));
      for (const [name, readme] of readmes) {
        const rows = readmeCodes(await readFile(readme, "utf8"));
        failures.push(...readmeFaults(readme, rows, uses.get(name) ?? [], known));
      }
      failures.push(...(await derived(entries)));
      if (entries.length === 0) failures.push("no code found: the pages were not read rightly");
      return { passed: entries.length, failures };
    },
  };
}

async function readPages(): Promise<ErrorEntry[]> {
  const files = (await readdir(PAGES)).filter(
    (file) => file.endsWith(".md") && file !== "README.md",
  );
  const pages = await Promise.all(
    files.sort().map(async (file) => {
      const page = join(PAGES, file);
      return readErrorPage(page, await readFile(page, "utf8"));
    }),
  );
  return pages.flat().sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** What is made of the pages; written anew with UPDATE_ERRORS=1. */
async function derived(entries: readonly ErrorEntry[]): Promise<string[]> {
  const index = await readFile(INDEX, "utf8");
  const links = entries.map(({ code, page }) => `- [\`${code}\`](${page.slice(PAGES.length + 1)})`);
  const head = index.slice(0, index.indexOf(INDEX_START) + INDEX_START.length);
  const wanted = new Map([
    [CATALOGUE, `[\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`],
    [INDEX, `${head}\n\n${links.join("\n")}\n`],
  ]);
  const stale: string[] = [];
  for (const [file, text] of wanted) {
    if (process.env["UPDATE_ERRORS"] === "1") await writeFile(file, text);
    const found = await readFile(file, "utf8").catch(() => "");
    if (found !== text)
      stale.push(`${file} is not what the pages say: UPDATE_ERRORS=1 npm run check -- errors`);
  }
  return stale;
}
