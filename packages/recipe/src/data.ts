import { z } from "zod";
import { field } from "./field-facts.ts";

/** Where the RL prompts come from. */
export const dataSchema = z.strictObject({
  promptData: field(
    z.string().min(1),
    "Prompt file (.jsonl or .parquet), optionally with a slice `file@[from:to]`, a path visible to the workers. embedded: the file's name inside the dataset artifact.",
    { flag: "--prompt-data", source: "A:1005" },
  ),
  inputKey: field(z.string().min(1), "Row key of the prompt, a string or chat messages.", {
    flag: "--input-key",
    usual: "input",
    source: "A:1034",
  }),
  labelKey: field(z.string().min(1), "Row key of the right answer.", {
    flag: "--label-key",
    usual: null,
    source: "A:1035",
  }),
  metadataKey: field(
    z.string().min(1),
    "Row key of the sample's metadata, such as its own rm_type.",
    {
      flag: "--metadata-key",
      usual: "metadata",
      source: "A:1044",
    },
  ),
  toolKey: field(z.string().min(1), "Row key of the tools offered to the model.", {
    flag: "--tool-key",
    usual: "tools",
    source: "A:1045",
  }),
  applyChatTemplate: field(
    z.boolean(),
    "Whether the tokenizer's chat template turns the prompt into text (with the generation prompt).",
    { flag: "--apply-chat-template", usual: false, source: "A:1017" },
  ),
  applyChatTemplateKwargs: field(
    z.record(z.string(), z.json()),
    "Further arguments of the chat template, such as enable_thinking.",
    { flag: "--apply-chat-template-kwargs", usual: {}, source: "A:1019" },
  ),
  chatTemplatePath: field(
    z.string().min(1).nullable(),
    "Jinja file that replaces the tokenizer's chat template, also in the engine. null: the tokenizer's.",
    { flag: "--chat-template-path", usual: null, source: "A:1020, A:2893" },
  ),
});
