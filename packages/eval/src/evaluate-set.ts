import { join } from "node:path";
import type { StageContext } from "@moonlight-rl/pipeline";
import { openGrading, type Grading } from "@moonlight-rl/reward";
import type { EvaluationSet } from "./evaluation-set.ts";
import type { Policy, PolicySource } from "./policy/policy.ts";
import { Progress } from "./progress.ts";
import { makeResult } from "./result/result.ts";
import type { FinishedSet } from "./result/write-result.ts";
import { sampleProblems } from "./sampling/sample-problems.ts";
import type { Settings } from "./settings.ts";

export interface SetJob {
  readonly set: EvaluationSet;
  readonly source: PolicySource | undefined;
  /** Identity of what answers. */
  readonly model: string;
  readonly context: Pick<StageContext, "emit" | "scratch" | "signal">;
}

/** Has one set answered and graded, and puts its figures together. */
export async function evaluateSet(job: SetJob): Promise<FinishedSet> {
  const { set, context } = job;
  const { problems, settings } = set;
  const policy = policyOf(job, (finished) => progress.within(finished));
  const progress = new Progress(set, context.emit, policy);
  const { facts, journal } = await graded(set, (grading) =>
    sampleProblems({
      problems,
      requests: set.requests,
      policy,
      grading,
      journal: join(context.scratch, `${set.name}.journal.ndjson`),
      signal: context.signal,
      onResume: (answers) => progress.resumed(answers),
      onSample: (facts, fresh) => progress.sample(facts, fresh),
    }),
  );
  const { name, dataFile: _, ...chosen } = settings;
  const result = makeResult(
    {
      name: name ?? set.name,
      settings: { ...chosen, dataFile: set.settings.dataFile ?? set.dataFile },
      model: job.model,
      data: set.data?.digest ?? job.model,
    },
    problems,
    facts,
  );
  return { set, policy, result, journal };
}

/** Has work done with the set's grader, and ends that in any case. */
async function graded<T>(
  { settings }: EvaluationSet,
  work: (grading: Grading) => Promise<T>,
): Promise<T> {
  const grading = openSetGrading(settings);
  try {
    return await work(grading);
  } finally {
    await grading.close();
  }
}

/** The grader that the settings name. Errors: those of `openGrading`. */
export function openSetGrading(settings: Settings): Grading {
  const { rmType, rmUrl, rewardKey, customRmPath, gradingTimeout } = settings;
  const deadlineMs = gradingTimeout === undefined ? undefined : gradingTimeout * 1000;
  return openGrading({ rmType, rmUrl, rewardKey, customRmPath, deadlineMs });
}

function policyOf({ set, source }: SetJob, onResponses: (finished: number) => void): Policy {
  const policy =
    set.saved ?? source?.forSet({ problems: set.problems, settings: set.settings, onResponses });
  if (policy === undefined) throw new Error("a set without anything that answers");
  return policy;
}
