import { throwIfAborted } from "@moonlight-rl/core";
import { getGrader, type Grader } from "@moonlight-rl/reward";
import type { Problem } from "../data/problem.ts";
import type { GradedSample } from "../result/graded-sample.ts";
import type { Settings } from "../settings.ts";
import { batchSeed, problemsPerBatch } from "./batch.ts";
import { SampleJournal } from "./journal.ts";
import type { Policy } from "./policy.ts";

export interface SamplingJob {
  readonly problems: readonly Problem[];
  readonly settings: Settings;
  /** Where finished batches are recorded. */
  readonly journal: string;
  /** Opened when the first missing batch is met: a complete journal needs no engine. */
  readonly openPolicy: () => Promise<Policy>;
  readonly signal: AbortSignal;
  /** Called with each finished batch, in the order of the problems; `resumed` if it was on record. */
  readonly onBatch: (samples: readonly GradedSample[], resumed: boolean) => void;
  /** Called as responses finish within a batch. */
  readonly onResponses: (finished: number) => void;
}

/** Samples and grades all problems, in the order of problems and samples. */
export async function sampleProblems(job: SamplingJob): Promise<GradedSample[]> {
  const { problems, settings } = job;
  const size = problemsPerBatch(settings.nSamplesPerPrompt);
  const grader = getGrader(settings.rmType);
  const journal = new SampleJournal(job.journal);
  let policy: Policy | undefined;
  const all: GradedSample[] = [];
  try {
    const known = await journal.read();
    for (let first = 0; first < problems.length; first += size) {
      throwIfAborted(job.signal);
      let samples = known.get(first);
      const resumed = samples !== undefined;
      if (samples === undefined) {
        policy ??= await job.openPolicy();
        samples = await sampleBatch(policy, problems.slice(first, first + size), job, grader);
        journal.append(first, samples);
      }
      all.push(...samples);
      job.onBatch(samples, resumed);
    }
  } finally {
    journal.close();
    await policy?.close();
  }
  return all;
}

async function sampleBatch(
  policy: Policy,
  problems: readonly Problem[],
  job: SamplingJob,
  grader: Grader,
): Promise<GradedSample[]> {
  const { tokenizer, sampler } = policy;
  const { settings } = job;
  const prompts = problems.map((problem) => promptText(policy, problem, settings));
  let finished = 0;
  const samples = await sampler.generate({
    prompts: prompts.map((prompt) => tokenizer.encode(prompt)),
    n: settings.nSamplesPerPrompt,
    temperature: settings.temperature,
    topP: settings.topP,
    maxNewTokens: settings.maxResponseLen,
    stopTokenIds: tokenizer.stopTokenIds,
    seed: batchSeed(settings.seed, problems[0]?.index ?? 0),
    onSample: () => job.onResponses(++finished),
    signal: job.signal,
  });
  return samples.map((sample) => {
    const problem = problems[sample.promptIndex] as Problem;
    const truncated = sample.finishReason === "length";
    const text = truncated ? sample.tokens : sample.tokens.slice(0, -1);
    const response = tokenizer.decode(text, { skipSpecialTokens: true });
    const { reward, outcome, extracted } = grader(response, problem.label, { truncated });
    return {
      problem: problem.index,
      sample: sample.sampleIndex,
      prompt: prompts[sample.promptIndex] ?? "",
      response,
      tokens: sample.tokens.length,
      truncated,
      label: problem.label as GradedSample["label"],
      reward,
      outcome,
      extracted,
    };
  });
}

/** The text that the policy continues. A plain prompt is one message of the user, as in the reference. */
function promptText({ tokenizer }: Policy, { prompt }: Problem, settings: Settings): string {
  if (typeof prompt === "string" && !settings.applyChatTemplate) return prompt;
  const messages = typeof prompt === "string" ? [{ role: "user", content: prompt }] : [...prompt];
  return tokenizer.renderChat(messages, { addGenerationPrompt: true });
}
