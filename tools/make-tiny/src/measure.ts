import type { Sampler } from "@moonlight-rl/embedded";
import { getGrader } from "@moonlight-rl/reward";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { question, solution, type Problem } from "./data/problem.ts";

/** Longest answer: `\boxed{`, three digits, `}`, end of message, and room to go wrong. */
const MAX_NEW_TOKENS = 12;

/** Shares of samples, 0 … 1. */
export interface Measurement {
  readonly problems: number;
  readonly samplesPerProblem: number;
  readonly temperature: number;
  /** Right by the grader that training uses. */
  readonly accuracy: number;
  /** Holding a closed `\boxed{…}`. */
  readonly answered: number;
}

/** Samples answers to the problems and grades them. */
export async function measure(
  sampler: Sampler,
  tokenizer: Tokenizer,
  problems: readonly Problem[],
  {
    n,
    temperature,
    seed,
  }: { readonly n: number; readonly temperature: number; readonly seed: number },
): Promise<Measurement> {
  const grade = getGrader("math");
  const samples = await sampler.generate({
    prompts: problems.map((problem) => promptTokens(tokenizer, problem)),
    n,
    temperature,
    maxNewTokens: MAX_NEW_TOKENS,
    stopTokenIds: tokenizer.stopTokenIds,
    seed,
  });
  let [right, answered] = [0, 0];
  for (const { promptIndex, tokens } of samples) {
    const text = tokenizer.decode(tokens, { skipSpecialTokens: true });
    const problem = problems[promptIndex] as Problem;
    right += grade(text, String(solution(problem))).reward;
    answered += Number(/\\boxed\{[^{}]+\}/.test(text));
  }
  return {
    problems: problems.length,
    samplesPerProblem: n,
    temperature,
    accuracy: right / samples.length,
    answered: answered / samples.length,
  };
}

/** The conversation up to where the assistant answers. */
export function promptTokens(tokenizer: Tokenizer, problem: Problem): number[] {
  return tokenizer.encodeChat([{ role: "user", content: question(problem) }]);
}
