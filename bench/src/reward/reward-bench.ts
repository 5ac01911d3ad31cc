import { notBuilt, type Bench } from "../bench.ts";

export const rewardBench: Bench = notBuilt("reward", "graders beside the reference in Python");
