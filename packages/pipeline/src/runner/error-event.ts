import type { MoonlightError } from "@moonlight-rl/core";

/** An error as events carry it. */
export function errorOf(error: MoonlightError): { code: string; message: string; hint?: string } {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}
