import { readPlainState } from "@moonlight-rl/checkpoint";
import { validate } from "@moonlight-rl/core";
import { z } from "zod";
import { dumpSampleSchema, type DumpSample } from "./dump-sample.ts";

/** A rollout of 1,024 samples of 16k tokens has some 230 MB. */
const MAX_DUMP = 1 << 30;

const dumpSchema = z.object({
  rollout_id: z.int(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  samples: z.array(dumpSampleSchema),
});

/** A rollout as the framework kept it (miles/ray/rollout/debug_data.py, save_debug_rollout_data). */
export interface RolloutDump {
  readonly file: string;
  /** 0-based number of the rollout; of an evaluation, of the rollout that it came with. */
  readonly rollout: number;
  readonly samples: readonly DumpSample[];
}

/**
 * Reads a `.pt` of `--save-debug-rollout-data` or `--dump-details`. Nothing in it is executed.
 *
 * @throws VerificationError FILE_MISSING, ZIP_INVALID, PICKLE_INVALID; DUMP_INVALID where it is no rollout
 */
export async function readRolloutDump(file: string): Promise<RolloutDump> {
  const state = await readPlainState(file, { maxBytes: MAX_DUMP });
  const { rollout_id: rollout, samples } = validate(dumpSchema, state, {
    what: `rollout dump ${file}`,
    code: "DUMP_INVALID",
  });
  return { file, rollout, samples };
}
