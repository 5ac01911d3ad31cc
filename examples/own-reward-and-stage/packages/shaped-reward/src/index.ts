import { getGrader, type Grade } from "@moonlight-rl/reward";

/** What a grader of your own is handed for each response. */
export interface Graded {
  readonly response: string;
  readonly label: unknown;
  readonly truncated?: boolean;
}

/** Reward of an answer that is wrong and in the form that was asked for. */
export const FORM_REWARD = 0.1;

const math = getGrader("math");

/**
 * The verdict of Moonlight's `math`, with a little for an answer in a box even when it is wrong: it teaches the form first. In a recipe:
 * `reward.customRmPath=@acme/shaped-reward#grade`.
 */
export function grade({ response, label, truncated = false }: Graded): Grade {
  const verdict = math(response, String(label), { truncated });
  const inForm = verdict.outcome === "wrong" && verdict.extracted !== null;
  return inForm ? { ...verdict, reward: FORM_REWARD } : verdict;
}
