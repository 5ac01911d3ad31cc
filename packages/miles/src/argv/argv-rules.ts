import { PASSES } from "./passes.ts";
import type { ArgvStage } from "./step.ts";

/** A condition on which the reference refuses a run, without its logic. */
export interface ArgvRuleFacts {
  readonly id: string;
  readonly stage: ArgvStage;
  /** file:line of the reference that refuses. */
  readonly at: string;
  readonly flags: readonly string[];
  readonly reason: string;
  readonly fix: string;
}

/** Every refusal that `validateArgv` knows, in the reference's order. */
export function argvRules(): ArgvRuleFacts[] {
  return PASSES.flatMap(({ stage, steps }) =>
    steps.flatMap((step) => {
      if (step.kind !== "rule") return [];
      const { id, at, flags, reason, fix } = step;
      return [{ id, stage, at, flags, reason, fix }];
    }),
  );
}
