import type { Bench } from "./bench.ts";
import { cliBench } from "./cli/cli-bench.ts";
import { convertBench } from "./convert/convert-bench.ts";
import { embeddedBench } from "./embedded/embedded-bench.ts";
import { evalBench } from "./eval/eval-bench.ts";
import { fetchBench } from "./fetch/fetch-bench.ts";
import { milesLogBench } from "./miles-log/miles-log-bench.ts";
import { rewardBench } from "./reward/reward-bench.ts";

/** Every bench there is, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  fetchBench,
  convertBench,
  embeddedBench,
  rewardBench,
  evalBench,
  milesLogBench,
  cliBench,
];
