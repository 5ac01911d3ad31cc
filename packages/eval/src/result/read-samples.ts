import { readNdjson, validate } from "@moonlight-rl/core";
import { gradedSampleSchema, type GradedSample } from "./graded-sample.ts";

/** The rows of a samples.ndjson, one in memory at a time. Errors: `EVAL_RESULT_INVALID`. */
export async function* readSamples(file: string): AsyncGenerator<GradedSample> {
  for await (const row of readNdjson(file)) {
    yield validate(gradedSampleSchema, row, {
      what: "samples.ndjson",
      code: "EVAL_RESULT_INVALID",
      file,
      many: true,
    });
  }
}
