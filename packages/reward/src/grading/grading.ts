import { UsageError } from "@moonlight-rl/core";
import { getGrader, lowestReward } from "../get-grader.ts";
import type { Grade, GradingTask } from "../grade.ts";
import { locateGrader } from "./custom-grader.ts";
import { GradingPool } from "./grading-pool.ts";
import { isRemote } from "./is-remote.ts";
import { RemoteGrading } from "./remote-grading.ts";

/** Grades responses: batches in, grades out, in order. */
export interface Grading {
  /** Errors: those of the grader, for instance of a label that it cannot work with; `INTERRUPTED` once the signal has fired. */
  grade(tasks: readonly GradingTask[], signal?: AbortSignal): Promise<Grade[]>;
  /** Ends what is under way and all threads. */
  close(): Promise<void>;
}

/** Which grader, in the recipe's words, and what grading may cost. */
export interface GradingOptions {
  /** A name that `getGrader` knows, or `remote_rm`. */
  readonly rmType: string;
  /** `remote_rm`: where the reward model is. */
  readonly rmUrl?: string | null | undefined;
  /** `remote_rm`: key of the reward in an answer that is an object. */
  readonly rewardKey?: string | null | undefined;
  /** `module#export`: a grader of your own, instead of `rmType`. */
  readonly customRmPath?: string | null | undefined;
  /** For one response, ms. Default 10 s; a reward model's answer: 60 s. */
  readonly deadlineMs?: number | undefined;
  /** Default: the cores but one, at most 4. */
  readonly threads?: number | undefined;
  /** Heap of one thread, MiB. Default 512. */
  readonly memoryMb?: number | undefined;
}

/**
 * Opens the grader that the options name: graders of this package and your own run in threads that are ended at the deadline,
 * reward models are asked by HTTP. Errors: `GRADER_UNKNOWN`, `GRADER_URL_MISSING`, `GRADER_CUSTOM_INVALID`.
 *
 * @example
 * import { openGrading } from "@moonlight-rl/reward";
 *
 * const grading = openGrading({ rmType: "dapo" });
 * const [verdict] = await grading.grade([{ response: "Answer: 42", label: "42" }]);
 * verdict?.outcome; // "correct"
 * await grading.close();
 */
export function openGrading(options: GradingOptions): Grading {
  const { rmType, rmUrl, customRmPath, rewardKey, deadlineMs, threads, memoryMb } = options;
  const limits = { deadlineMs, threads, memoryMb };
  if (typeof customRmPath === "string") {
    return new GradingPool({ custom: locateGrader(customRmPath) }, { ...limits, lowest: 0 });
  }
  if (isRemote(rmType)) {
    if (typeof rmUrl === "string") return new RemoteGrading({ url: rmUrl, rewardKey, deadlineMs });
    throw new UsageError("GRADER_URL_MISSING", "A reward model needs an address.", {
      field: "rmUrl",
      hint: "Give it with --rm-url.",
    });
  }
  getGrader(rmType);
  return new GradingPool({ name: rmType }, { ...limits, lowest: lowestReward(rmType) });
}
