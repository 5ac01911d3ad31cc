import { z } from "zod";

/** The policy that is trained. Its shape is never typed by hand: it comes from the checkpoint's config.json. */
export const modelSchema = z.strictObject({
  name: z.string().min(1).describe("Name of the model in reports and run lists."),
  hfCheckpoint: z
    .string()
    .min(1)
    .describe(
      "Hugging Face folder (or Hub id) with config.json and tokenizer; miles: --hf-checkpoint, a path visible to every worker. embedded: the model artifact stands in for it.",
    ),
});
