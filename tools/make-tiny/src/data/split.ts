import { problemsOfPair, LIMIT, type Problem } from "./problem.ts";
import { Random } from "./random.ts";

/** Problems of the three purposes; the evaluation shares no pair of operands with the other two. */
export interface Split {
  readonly evaluation: readonly Problem[];
  /** Prompts of reinforcement learning. */
  readonly training: readonly Problem[];
  /** Supervised pre-training. */
  readonly pretraining: readonly Problem[];
}

const EVALUATION_PROBLEMS = 500;
const TRAINING_SHARE = 0.5;

/**
 * Splits by the unordered pair of operands, shuffled by a hash that knows nothing of the answers. So neither a
 * problem nor its mirror image (a + b, b + a) nor the difference of the same operands is on both sides.
 * Pre-training and reinforcement learning use different halves of the rest.
 */
export function splitProblems(seed: number): Split {
  const pairs: Problem[][] = [];
  for (let low = 0; low < LIMIT; low++) {
    for (let high = low; high < LIMIT; high++) pairs.push(problemsOfPair(low, high));
  }
  const shuffled = new Random("split", seed).shuffle(pairs);
  let evaluationPairs = 0;
  for (let problems = 0; problems < EVALUATION_PROBLEMS; evaluationPairs++)
    problems += shuffled[evaluationPairs]?.length ?? 0;
  const rest = shuffled.slice(evaluationPairs);
  const boundary = Math.round(rest.length * TRAINING_SHARE);
  const mixed = (name: string, groups: readonly Problem[][]): Problem[] =>
    new Random(name, seed).shuffle(groups.flat());
  return {
    evaluation: mixed("evaluation", shuffled.slice(0, evaluationPairs)).slice(
      0,
      EVALUATION_PROBLEMS,
    ),
    training: mixed("training", rest.slice(0, boundary)),
    pretraining: mixed("pretraining", rest.slice(boundary)),
  };
}
