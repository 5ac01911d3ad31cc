import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const manifestSchema = z.object({
  homepage: z.string().optional(),
  repository: z.union([z.string(), z.object({ url: z.string() })]).optional(),
});

/**
 * Where the reader finds a page: a file, when this is a checkout of the repository, else an address by what `package.json` says
 * of its origin. undefined: nowhere, so `moonlight explain` is all there is.
 *
 * @param page path from the root of the repository, with its heading
 * @param root folder of this package
 */
export function pageLink(
  page: string,
  root: URL = new URL("../../", import.meta.url),
): string | undefined {
  const [path = "", heading] = page.split("#");
  const file = fileURLToPath(new URL(`../../${path}`, root));
  if (existsSync(file)) return `${relative(process.cwd(), file)}#${heading}`;
  const manifest = manifestSchema.parse(
    JSON.parse(readFileSync(new URL("package.json", root), "utf8")),
  );
  const { repository } = manifest;
  const origin = typeof repository === "string" ? repository : repository?.url;
  const web = /^(?:git\+)?(https:\/\/.+?)(?:\.git)?$/.exec(origin ?? "")?.[1];
  return web === undefined ? manifest.homepage : `${web}/blob/HEAD/${page}`;
}
