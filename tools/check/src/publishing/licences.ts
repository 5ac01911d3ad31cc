import { readFile } from "node:fs/promises";
import { z } from "zod";

/** Licences that go with Apache-2.0 in whatever a user ships. */
const FINE =
  /^\(?(?:MIT|MIT-0|ISC|0BSD|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|BlueOak-1\.0\.0|CC0-1\.0|Python-2\.0|Unlicense|Zlib)\b/;

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      license: z.string().optional(),
      dev: z.boolean().default(false),
      devOptional: z.boolean().default(false),
      link: z.boolean().default(false),
    }),
  ),
});

/** What users get with our packages and whose licence is none, or one that asks something of them. */
export function licenceFaults(lock: z.input<typeof lockSchema>): string[] {
  return Object.entries(lockSchema.parse(lock).packages).flatMap(([path, one]) =>
    !path.includes("node_modules/") || one.link || one.dev || FINE.test(one.license ?? "")
      ? []
      : [`${path.replace(/^.*node_modules\//, "")}: licence ${one.license ?? "unknown"}`],
  );
}

export async function lockedLicenceFaults(): Promise<string[]> {
  return licenceFaults(JSON.parse(await readFile("package-lock.json", "utf8")) as never);
}
