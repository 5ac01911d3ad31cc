import { formatPercent, formatTable } from "@moonlight-rl/core";
import type { RolloutSimulation } from "./simulate-rollout.ts";

/**
 * The simulation as a table for people.
 *
 * @param promptCount prompts of the dataset, for the length of an epoch
 */
export function formatSimulation(simulation: RolloutSimulation, promptCount?: number): string {
  const { promptsPerRollout: prompts, wavesPerRollout: waves } = simulation;
  const never = "for ever: no group is ever accepted";
  const rows: [string, string][] = [
    ["groups that pass the filter", formatPercent(simulation.acceptRate)],
    ["waves of generation per rollout", waves === null ? never : waves.toFixed(2)],
    ["one wave is enough", formatPercent(simulation.oneWave)],
    ["waves in 999 of 1000 rollouts", `at most ${simulation.wavesAtMost ?? "more than 1000"}`],
    ["prompts consumed per rollout", prompts === null ? never : prompts.toFixed(1)],
    ["groups generated and not trained on", formatPercent(simulation.wasteShare)],
    ["mean reward of what is trained on", simulation.keptReward.toFixed(3)],
  ];
  if (promptCount !== undefined && prompts !== null) {
    rows.push([`rollouts per epoch of ${promptCount} prompts`, (promptCount / prompts).toFixed(1)]);
  }
  return formatTable([{ title: "rollout" }, { title: "expected" }], rows);
}
