import { toMoonlightError, type MoonlightError } from "@moonlight-rl/core";
import type { Fault } from "../api/fault.ts";

const STATUS: Readonly<Record<string, 400 | 401 | 403 | 404 | 405>> = {
  UI_QUERY: 400,
  UI_TOKEN: 401,
  UI_HOST: 403,
  UI_NOT_FOUND: 404,
  RUN_UNKNOWN: 404,
  EVAL_SET_UNKNOWN: 404,
  UI_METHOD: 405,
};

/** Status and body of an answer that tells what went wrong. */
export function faultOf(thrown: unknown): {
  readonly status: 400 | 401 | 403 | 404 | 405 | 500;
  readonly body: Fault;
} {
  const error: MoonlightError = toMoonlightError(thrown);
  const { code, message, hint, field } = error;
  return {
    status: STATUS[code] ?? 500,
    body: {
      error: {
        code,
        message,
        ...(hint === undefined ? {} : { hint }),
        ...(field === undefined || field === "" ? {} : { field }),
      },
    },
  };
}
