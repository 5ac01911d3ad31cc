import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { z } from "zod";

/**
 * Made by tools/interop/embedded/record_grpo.py from the reference's own functions: the committed files, or those that
 * `npm run interop -- embedded` has made just now with another seed.
 */
const live = process.env["GRPO_GOLDEN"];
const GOLDEN =
  live === undefined ? new URL("../../golden/grpo/", import.meta.url) : pathToFileURL(`${live}/`);

/** One recorded subject. */
export function grpoGolden<T>(name: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(new URL(`${name}.json`, GOLDEN), "utf8")));
}

/** Numbers by sample, then by response token. */
export const perTokenSchema = z.array(z.array(z.number()));
