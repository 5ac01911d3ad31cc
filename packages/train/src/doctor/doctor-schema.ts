import { artifact } from "@moonlight-rl/pipeline";
import { PROFILE_NAMES } from "@moonlight-rl/recipe/profile-name";
import { z } from "zod";

const check = z.object({
  host: z.string(),
  id: z.string(),
  status: z.enum(["ok", "warning", "error"]),
  seen: z.string(),
  fix: z.string().optional(),
});

export type DoctorCheck = z.output<typeof check>;

export const doctorInput = z.strictObject({
  recipe: artifact("recipe").optional().describe("what rollout-config made; instead of a profile"),
  profile: z.enum(PROFILE_NAMES).default("tiny").describe("whose recipe is to be run"),
  root: z.string().optional().describe("folder with models and data on the cluster"),
  set: z.array(z.string()).default([]).describe("one field of the recipe as path=value"),
  model: artifact("hf-model").optional().describe("model, when it is not the profile's"),
  rayAddress: z
    .string()
    .min(1)
    .optional()
    .describe("a Ray cluster, as ray start has it (HOST:6379, or auto on one of its nodes)"),
});
export type DoctorInput = z.output<typeof doctorInput>;

export const doctorOutput = z.object({
  backend: z.enum(["embedded", "miles"]),
  checks: z.array(check),
  errors: z.int(),
  warnings: z.int(),
});
export type DoctorOutput = z.input<typeof doctorOutput>;
