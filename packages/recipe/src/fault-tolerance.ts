import { z } from "zod";
import { field } from "./field-facts.ts";

/** Health checks of the engines, and what is started again. miles only. */
export const faultToleranceSchema = z.strictObject({
  enabled: field(z.boolean(), "Whether engines that do not answer are killed and replaced.", {
    flag: "--use-fault-tolerance",
    usual: false,
    source: "A:902",
  }),
  components: field(
    z.array(z.enum(["rollout", "train"])),
    "What is guarded; train makes data-parallel ranks independent of each other. Empty: rollout.",
    { flag: "--ft-components", usual: [], source: "A:908, A:2751, A:2818" },
  ),
  healthCheckInterval: field(z.number(), "Seconds between checks of an engine.", {
    flag: "--rollout-health-check-interval",
    usual: 30,
    unit: "seconds",
    source: "A:916",
  }),
  healthCheckTimeout: field(z.number(), "Seconds within which it must answer.", {
    flag: "--rollout-health-check-timeout",
    usual: 30,
    unit: "seconds",
    source: "A:922",
  }),
  healthCheckFirstWait: field(
    z.number(),
    "Seconds before the first check; kernels of experts compile for minutes.",
    { flag: "--rollout-health-check-first-wait", usual: 0, unit: "seconds", source: "A:928" },
  ),
});
