import { z } from "zod";

/** Where the RL prompts come from. */
export const dataSchema = z.strictObject({
  promptData: z
    .string()
    .min(1)
    .describe(
      "Prompt file (.jsonl or .parquet); miles: --prompt-data, a path visible to the workers. embedded: the file's name inside the dataset artifact.",
    ),
  inputKey: z
    .string()
    .min(1)
    .describe("Row key of the prompt, a string or chat messages; miles: --input-key."),
  labelKey: z.string().min(1).describe("Row key of the right answer; miles: --label-key."),
  applyChatTemplate: z
    .boolean()
    .describe(
      "Whether the tokenizer's chat template turns the prompt into text (with the generation prompt); miles: --apply-chat-template.",
    ),
});
