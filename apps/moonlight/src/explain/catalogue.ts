import { readFile } from "node:fs/promises";
import { z } from "zod";
import { closest, UsageError } from "@moonlight-rl/core";
import { errorEntrySchema, type ErrorEntry } from "./error-entry.ts";

const FILE = new URL("../../errors.json", import.meta.url);

/** All codes, by name. */
export async function readCatalogue(): Promise<ErrorEntry[]> {
  return z.array(errorEntrySchema).parse(JSON.parse(await readFile(FILE, "utf8")));
}

/**
 * The entry of a code, or those whose name has the text in it; without a text, all. Case does not count, and `-` is as good as `_`.
 * Errors: `CODE_UNKNOWN`.
 */
export function findEntries(
  catalogue: readonly ErrorEntry[],
  text: string | undefined,
): readonly ErrorEntry[] {
  if (text === undefined) return catalogue;
  const wanted = text.trim().toUpperCase().replaceAll("-", "_");
  const exact = catalogue.filter(({ code }) => code === wanted);
  if (exact.length > 0) return exact;
  const within = catalogue.filter(({ code }) => wanted !== "" && code.includes(wanted));
  if (within.length > 0) return within;
  const near = closest(
    wanted,
    catalogue.map(({ code }) => code),
  );
  throw new UsageError("CODE_UNKNOWN", `No error or warning is called ${text}.`, {
    field: "code",
    hint:
      near === undefined
        ? "moonlight explain lists all; a part of a name, such as hub, lists those that have it."
        : `Did you mean "${near}"?`,
  });
}
