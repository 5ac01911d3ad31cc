import { readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import type { Hono } from "hono";
import type { Fault } from "../api/fault.ts";
import { notFound } from "./not-found.ts";

/** Why there is no page. */
const MISSING = {
  code: "UI_PAGE_MISSING",
  message: "The page is not built; only the API is served, under /api/.",
  hint: "Run `npm run build` in the repository, then start again.",
} as const satisfies Fault["error"];

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
};

/**
 * The built page, a few hundred kilobytes that are read once: whoever builds it anew under a running server does not mix two. Only
 * these files are served, by their exact names, so that no path leads elsewhere; any other address is the page itself, which has
 * routes of its own. What it gives back says why there is none.
 */
export async function serveStatic(app: Hono, folder: string): Promise<Fault["error"] | undefined> {
  const files = await filesOf(folder);
  const page = files.get("/index.html");
  app.get("*", (context) => {
    const { path } = context.req;
    // Vite puts a digest of the content into these names.
    const lasting = path.startsWith("/assets/");
    const name = path === "/" || !files.has(path) ? "/index.html" : path;
    const body = lasting ? files.get(path) : (files.get(path) ?? page);
    if (page === undefined)
      return context.text(`${MISSING.code}: ${MISSING.message}\n${MISSING.hint}\n`, 503);
    if (body === undefined) throw notFound(`The page has no file ${path}.`);
    return context.body(body, 200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "cache-control": lasting ? "public, max-age=31536000, immutable" : "no-cache",
    });
  });
  return page === undefined ? MISSING : undefined;
}

async function filesOf(folder: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return new Map(
    await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map(async (entry): Promise<[string, Uint8Array<ArrayBuffer>]> => {
          const file = join(entry.parentPath, entry.name);
          const name = file.slice(folder.length).split(sep).filter(Boolean).join("/");
          return [`/${name}`, new Uint8Array(await readFile(file))];
        }),
    ),
  );
}
