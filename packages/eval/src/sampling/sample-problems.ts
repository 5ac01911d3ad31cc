import { throwIfAborted, type Json } from "@moonlight-rl/core";
import type { Grade, Grading, GradingTask } from "@moonlight-rl/reward";
import type { Problem } from "../data/problem.ts";
import type { Answer, SampleRequest } from "../policy/answer.ts";
import type { Policy } from "../policy/policy.ts";
import { SampleJournal } from "./journal.ts";
import type { RecordedGrade } from "./recorded-grade.ts";
import { answerFacts, sampleFacts, type AnswerFacts, type SampleFacts } from "./sample-facts.ts";

export interface SamplingJob {
  readonly problems: readonly Problem[];
  /** What is asked, in the order of problems and samples. */
  readonly requests: readonly SampleRequest[];
  readonly policy: Pick<Policy, "answer">;
  readonly grading: Pick<Grading, "grade">;
  /** File where answers and grades are recorded. */
  readonly journal: string;
  readonly signal: AbortSignal;
  /** Called with how many answers were on record, before anything is asked. */
  readonly onResume?: (answers: number) => void;
  /** Called with each sample that is graded now; those whose grade was on record come with their facts alone. */
  readonly onSample?: (
    facts: SampleFacts,
    fresh?: { answer: Answer; grade: RecordedGrade },
  ) => void;
}

/**
 * Has all requests answered and graded. What the journal has is neither asked nor graded again. Gives the facts in the
 * order of the requests, and the journal, open, with everything else.
 */
export async function sampleProblems(
  job: SamplingJob,
): Promise<{ facts: SampleFacts[]; journal: SampleJournal }> {
  const ungraded = new Map<string, AnswerFacts>();
  const done = new Map<string, SampleFacts>();
  const finish = (answer: AnswerFacts, grade: RecordedGrade): SampleFacts => {
    const facts = sampleFacts(answer, grade);
    ungraded.delete(keyOf(facts));
    done.set(keyOf(facts), facts);
    return facts;
  };
  const journal = await SampleJournal.open(job.journal, {
    onAnswer: (answer) => ungraded.set(keyOf(answer), answerFacts(answer)),
    onGrade: (grade) => {
      const answer = ungraded.get(keyOf(grade));
      if (answer !== undefined) finish(answer, grade);
    },
  });
  const gradeAll = async (answers: readonly Answer[]): Promise<void> => {
    const tasks = answers.map((answer) => taskOf(answer, job.problems));
    const grades = await job.grading.grade(tasks, job.signal);
    for (const [i, answer] of answers.entries()) {
      const { problem, sample } = answer;
      const { reward, outcome, extracted } = grades[i] as Grade;
      const grade: RecordedGrade = { problem, sample, reward, outcome, extracted };
      journal.appendGrade(grade);
      const facts = finish(answerFacts(answer), grade);
      job.onSample?.(facts, { answer, grade });
    }
  };
  try {
    if (done.size + ungraded.size > 0) job.onResume?.(done.size + ungraded.size);
    for (const facts of done.values()) job.onSample?.(facts);
    for (const group of groupsOf([...ungraded.values()])) {
      await gradeAll(group.map((facts) => journal.readAnswer(facts)));
    }
    throwIfAborted(job.signal);
    const missing = job.requests.filter((request) => !journal.has(request));
    if (missing.length > 0) {
      await job.policy.answer(missing, {
        signal: job.signal,
        onAnswers: async (answers) => {
          journal.appendAnswers(answers);
          await gradeAll(answers);
        },
      });
    }
    return { facts: job.requests.map((request) => factsOf(done, request)), journal };
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** Answers on record that are read and graded at once. */
const GROUP = 256;

function* groupsOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += GROUP) yield items.slice(from, from + GROUP);
}

function taskOf(
  { problem: index, response, truncated }: Answer,
  problems: readonly Problem[],
): GradingTask {
  const problem = problems[index];
  const metadata = problem?.metadata;
  return {
    response,
    label: problem?.label,
    truncated,
    ...(problem !== undefined && { prompt: problem.prompt as Json }),
    ...(metadata !== undefined && { metadata }),
  };
}

function factsOf(done: ReadonlyMap<string, SampleFacts>, request: SampleRequest): SampleFacts {
  const facts = done.get(keyOf(request));
  if (facts === undefined) throw new Error(`The policy left out sample ${keyOf(request)}.`);
  return facts;
}

function keyOf({ problem, sample }: SampleRequest): string {
  return `${problem} ${sample}`;
}
