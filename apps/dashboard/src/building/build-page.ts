import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const SOURCE = join(PACKAGE, "src/page");
const WEB = join(PACKAGE, "dist/web");
const STAMP = join(PACKAGE, "dist/building/page.stamp");
/** What is bundled, and what bundles it. */
const LIBRARIES = ["vite", "preact", "uplot", "@moonlight-rl/core"];
/** How numbers are written, the one part of core that the page takes. */
const FORMATS = fileURLToPath(new URL("format.js", import.meta.resolve("@moonlight-rl/core")));
/** Browsers that resolve `light-dark()` and nested rules themselves. */
const BROWSERS = ["chrome123", "firefox121", "safari17.5"];

/**
 * Builds the page into dist/web, unless that is made of the same sources already: a build costs a second, the question ten
 * milliseconds, and every `npm start` asks it.
 */
export async function buildPage(): Promise<"built" | "unchanged"> {
  const stamp = await stampOf();
  if ((await readFile(STAMP, "utf8").catch(() => "")) === stamp && (await isThere(WEB)))
    return "unchanged";
  const { build } = await import("vite");
  // Beside, then renamed: a server that is running meanwhile serves the old page or the new one.
  const beside = join(PACKAGE, `dist/building/web-${process.pid}`);
  try {
    await build({
      root: SOURCE,
      configFile: false,
      logLevel: "warn",
      // The rest of core reads files; a page that took something of it would not build.
      resolve: { alias: { "@moonlight-rl/core": FORMATS } },
      oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
      build: {
        outDir: beside,
        emptyOutDir: true,
        target: BROWSERS,
        modulePreload: { polyfill: false },
        // A slow machine is no news.
        rolldownOptions: { checks: { bundlerTimings: false } },
        license: { fileName: "licences.md" },
        reportCompressedSize: false,
        // The content security policy takes no data: scripts or fonts.
        assetsInlineLimit: 0,
      },
    });
    await rm(WEB, { recursive: true, force: true });
    await rename(beside, WEB).catch(async (error: unknown) => {
      // Another build of the same sources was faster.
      if (!(await isThere(WEB))) throw error;
    });
    await writeFile(STAMP, stamp);
    return "built";
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function stampOf(): Promise<string> {
  const hash = createHash("sha256");
  const files = await readdir(SOURCE, { recursive: true, withFileTypes: true });
  const names = files
    .filter((file) => file.isFile() && !file.name.endsWith(".test.ts"))
    .map((file) => join(file.parentPath, file.name));
  const own = createRequire(import.meta.url);
  for (const name of [...names.sort(), fileURLToPath(import.meta.url), FORMATS])
    hash
      .update(`${name.slice(PACKAGE.length)}\0`)
      .update(await readFile(name))
      .update("\0");
  for (const library of LIBRARIES) {
    const { version } = own(`${library}/package.json`) as { version: string };
    hash.update(`${library} ${version}\0`);
  }
  return hash.digest("hex");
}

function isThere(folder: string): Promise<boolean> {
  return access(join(folder, "index.html")).then(
    () => true,
    () => false,
  );
}

await mkdir(join(PACKAGE, "dist/building"), { recursive: true });
const outcome = await buildPage();
if (outcome === "built") console.log("dashboard  page built");
