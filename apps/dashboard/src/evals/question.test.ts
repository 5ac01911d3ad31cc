import { expect, it } from "vitest";
import { questionOf } from "./question.ts";

it.each([
  [
    "<|im_system|>system<|im_middle|>Be kind.<|im_end|><|im_user|>user<|im_middle|>3 + 57 = ?<|im_end|><|im_assistant|>assistant<|im_middle|>",
    "3 + 57 = ?",
  ],
  [
    "<|im_start|>user\nfirst<|im_end|>\n<|im_start|>assistant\nno<|im_end|>\n<|im_start|>user\nsecond<|im_end|>\n",
    "second",
  ],
  ["<|im_start|>user\ncut off", "cut off"],
  ["What is <|im_end|>?", "What is <|im_end|>?"],
])("finds the question in %s", (prompt, question) => {
  expect(questionOf(prompt)).toBe(question);
});
