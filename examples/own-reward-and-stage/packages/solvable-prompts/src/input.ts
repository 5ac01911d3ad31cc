import { artifact } from "@moonlight-rl/pipeline";
import { z } from "zod";

const rate = z.number().min(0).max(1);

export const inputSchema = z.strictObject({
  data: artifact("hf-dataset").describe("dataset whose rows are chosen from"),
  dataFile: z.string().min(1).describe("its file of rows (.jsonl)"),
  result: artifact("eval-result").describe(
    "evaluation of the policy on the first rows of the file",
  ),
  least: rate.default(0.1).describe("solve rate below which a prompt is too hard"),
  most: rate.default(0.9).describe("solve rate above which it is too easy"),
});
export const outputSchema = z.object({
  data: artifact("hf-dataset"),
  looked: z.int(),
  kept: z.int(),
});

export type Input = z.output<typeof inputSchema>;
export type Output = z.input<typeof outputSchema>;
