import type { Recipe } from "@moonlight-rl/recipe";
import { openGrading, type Grading } from "@moonlight-rl/reward";

/** The graders of one run, opened when they are first needed. */
export class Graders {
  readonly #reward: Recipe["reward"];
  readonly #open = new Map<string, Grading>();

  constructor(reward: Recipe["reward"]) {
    this.#reward = reward;
  }

  /** What grades rollouts; opens it, so that a grader that cannot be is known before anything is sampled. */
  forTraining(): Grading {
    const { rmType, rewardKey } = this.#reward;
    return this.#get(rmType, rewardKey);
  }

  /** What grades an evaluation set, whose own `rmType` may differ. */
  forEvaluation(rmType: string): Grading {
    const { evalRewardKey, rewardKey } = this.#reward;
    return this.#get(rmType, evalRewardKey ?? rewardKey);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((grading) => grading.close()));
  }

  #get(rmType: string, rewardKey: string | null): Grading {
    const { rmUrl, customRmPath } = this.#reward;
    const key = `${rmType} ${rewardKey ?? ""}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const grading = openGrading({ rmType, rmUrl, rewardKey, customRmPath });
    this.#open.set(key, grading);
    return grading;
  }
}
