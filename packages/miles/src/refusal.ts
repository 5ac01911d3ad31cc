import { UsageError } from "@moonlight-rl/core";

/** The error for a value that miles has no way to be told; `field` is its dotted path in the recipe or in config.json. */
export function refusal(field: string, reason: string, hint?: string): UsageError {
  return new UsageError("MILES_CANNOT_EXPRESS", `miles cannot express ${field}: ${reason}`, {
    field,
    ...(hint === undefined ? {} : { hint }),
  });
}
