import { createRequire } from "node:module";
import type * as Undici from "undici";

const require = createRequire(import.meta.url);

/** The HTTP client, loaded on first use: what only renders a recipe starts sooner without it. */
export function undici(): typeof Undici {
  return require("undici") as typeof Undici;
}
