import { readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import type { Hono } from "hono";

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
 * The built page. Only files that are there at the start are served, by their exact names, so that no path leads elsewhere; any
 * other address is the page itself, which has routes of its own.
 */
export async function serveStatic(app: Hono, folder: string): Promise<void> {
  const files = await filesOf(folder);
  app.get("*", async (context) => {
    const { path } = context.req;
    const name = path === "/" || !files.has(path) ? "/index.html" : path;
    const file = files.get(name);
    if (file === undefined) {
      return context.text(
        "The page is not built: run `npm run build:web -w apps/dashboard`. The API is served under /api/.\n",
        503,
      );
    }
    // Vite puts a digest of the content into these names.
    const lasting = name.startsWith("/assets/");
    const body = await readFile(file);
    return context.body(body, 200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "cache-control": lasting ? "public, max-age=31536000, immutable" : "no-cache",
    });
  });
}

async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        return [`/${file.slice(folder.length).split(sep).filter(Boolean).join("/")}`, file];
      }),
  );
}
