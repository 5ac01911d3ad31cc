import { z } from "zod";
import { field } from "./field-facts.ts";

const name = z.string().min(1).nullable();

const GRADERS = [
  "math",
  "dapo",
  "deepscaler",
  "gemma_math",
  "f1",
  "gpqa",
  "ifbench",
  "random",
  "deterministic_random",
  "remote_rm",
] as const;

const RM_TYPES = [...GRADERS, ...GRADERS.map((grader) => `boxed_${grader}` as const)] as const;

/** The rule that turns a response and a label into a number. */
export const rewardSchema = z.strictObject({
  rmType: field(
    z.enum(RM_TYPES),
    "Name of the grader; boxed_NAME grades only what is in the last \\boxed{}. embedded: a grader of @moonlight-rl/reward, or remote_rm.",
    { flag: "--rm-type", source: "A:2261" },
  ),
  rmUrl: field(name, "Address of the reward model, for rmType remote_rm.", {
    flag: "--rm-url",
    usual: null,
    source: "A:2285",
  }),
  customRmPath: field(
    name,
    "Function that grades instead of rmType: a dotted Python path for miles, MODULE#EXPORT for embedded. null: rmType does.",
    { flag: "--custom-rm-path", usual: null, source: "A:2291" },
  ),
  groupRm: field(z.boolean(), "Whether a group is graded at once instead of sample by sample.", {
    flag: "--group-rm",
    usual: false,
    source: "A:2282",
  }),
  rewardKey: field(name, "Key of the reward where the grader returns several values.", {
    flag: "--reward-key",
    usual: null,
    source: "A:2267",
  }),
  evalRewardKey: field(name, "The same in evaluations. null: rewardKey.", {
    flag: "--eval-reward-key",
    usual: null,
    source: "A:2276, A:3132",
  }),
});
