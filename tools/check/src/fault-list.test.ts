import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

/** Where a fault is tested: a file, and words of the test's name. */
type Place = readonly [file: string, words: string];

const LIST = "packages/miles/src/train/fault-list.system.test.ts";
const RAY = "tools/interop/ray/run.py";
const EMBEDDED = "packages/embedded/src/grpo/train-grpo.system.test.ts";

/** The faults of training, by the numbers of the project's list: on a stand-in of Ray, on recorded logs, and on a real Ray. */
const FAULTS: Readonly<Record<string, readonly Place[]>> = {
  "T1 the job exits 1, by a signal, for lack of memory": [
    [LIST, "T1: a job that fails by itself"],
    [LIST, "T1: a job that was ended %s"],
    [RAY, "gives_up_at_a_fault_of_the_code"],
    [RAY, "goes_on_after_a_worker_died_memory_ran_out_and_the_node_was_taken"],
  ],
  "T2 it hangs without a word": [
    [LIST, "T2: "],
    ["packages/miles/src/log/watch/watch.test.ts", "explains a silence with phase and last line"],
    [RAY, "ends_a_job_that_hangs_and_tries_again"],
  ],
  "T3 Ray's head is gone": [
    [LIST, "T3: "],
    [RAY, "starts_another_head_when_its_own_dies"],
    [RAY, "clears_what_both_have_left_after_kill_9_of_both"],
  ],
  "T4 an engine is dead, and the job a success": [[LIST, "T4: "]],
  "T5 the step to go on from, and the position in the data": [
    [LIST, "T5: "],
    [
      "packages/miles/src/checkpoints/checkpoints.test.ts",
      "does not go on without the position in the prompts",
    ],
    [RAY, "stops_at_an_interrupt_and_goes_on_later"],
  ],
  "T6 the pointer names half a checkpoint": [
    [LIST, "T6: "],
    [
      "packages/miles/src/checkpoints/checkpoints.test.ts",
      "falls back from half a checkpoint that the tracker names",
    ],
    [EMBEDDED, "goes on from the checkpoint before a damaged one"],
  ],
  "T7 success after zero steps": [
    [LIST, "T7: "],
    [RAY, "takes_success_after_nothing_for_a_failure"],
  ],
  "T8 rewards that are all zero, or all the same": [
    [LIST, "T8: "],
    [EMBEDDED, "explains rewards that never differ"],
  ],
  "T9 a loss that is NaN": [[LIST, "T9: "]],
  "T10 the disk is full in a save": [
    [LIST, "T10: "],
    [RAY, "outlives_a_disk_that_is_full_in_a_save"],
  ],
  "T11 SIGTERM, and the same bytes as without it": [
    [EMBEDDED, "ends after an interruption with the bytes of an undisturbed run"],
    [RAY, "detaches_and_comes_back"],
  ],
  "T12 processes without a parent": [
    [LIST, "T12: "],
    ["packages/miles/src/ray/head.test.ts", "clears what a dead head has left"],
    [RAY, "Nothing runs on, and the secret was written nowhere"],
  ],
  "T13 a line of 1 GB, bytes that are no UTF-8": [
    [
      "packages/miles/src/log/log-reader.test.ts",
      "keeps the beginning of a line of 64 MB in a bounded memory",
    ],
    ["packages/miles/src/log/lines/line-splitter.test.ts", "reads over bytes that are no UTF-8"],
    [RAY, "reads_logs_that_ray_cannot_send"],
  ],
  "T14 a file of metrics whose last line is torn": [
    [
      "packages/miles/src/log/dashboard/dashboard-reader.test.ts",
      "waits for the end of a torn line",
    ],
  ],
};

describe("the faults of training", () => {
  it("are all of T1 to T14", () => {
    const numbers = Object.keys(FAULTS).map((name) => name.split(" ")[0]);
    expect(numbers).toEqual(Array.from({ length: 14 }, (_, place) => `T${place + 1}`));
  });

  it.each(Object.entries(FAULTS))("%s", async (_, places) => {
    for (const [file, words] of places) {
      const text = await readFile(new URL(`../../../${file}`, import.meta.url), "utf8");
      expect(text, file).toContain(words);
    }
  });
});
