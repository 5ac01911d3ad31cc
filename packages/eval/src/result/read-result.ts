import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { resultSchema, type EvalResult } from "./result.ts";

/** Reads results.json of an eval-result folder. */
export async function readEvalResult(folder: string): Promise<EvalResult> {
  return readJson(join(folder, "results.json"), resultSchema, {
    what: "results.json",
    code: "EVAL_RESULT_INVALID",
  });
}
