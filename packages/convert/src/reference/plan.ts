import type { PlanAction } from "@moonlight-rl/pipeline";
import { TOOLS } from "./installation.ts";
import type { ReferenceSettings } from "./settings.ts";

/** The reference's tool in place of our writer; what it needs of GPU memory it does not say. */
export function planReference(
  direction: keyof typeof TOOLS,
  { miles, python, gpus }: ReferenceSettings,
  actions: readonly PlanAction[],
): PlanAction[] {
  const where = direction === "hf" ? python : `${gpus ?? "all"} GPUs`;
  return actions.map((action) => ({
    ...action,
    title: `run ${TOOLS[direction]} of ${miles ?? "miles"} on ${where}, read and compare what it writes`,
  }));
}
