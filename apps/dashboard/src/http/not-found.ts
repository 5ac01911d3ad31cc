import { MoonlightError } from "@moonlight-rl/core";

/** Something that the address names and that is not there: HTTP 404. */
export function notFound(message: string, hint?: string): MoonlightError {
  return new MoonlightError("UI_NOT_FOUND", message, hint === undefined ? {} : { hint });
}
