/** What precedes and follows the words of a user in a rendered prompt: Moonlight's template, ChatML, Llama 3's. */
const TURNS: readonly (readonly [open: string, close: string])[] = [
  ["<|im_user|>user<|im_middle|>", "<|im_end|>"],
  ["<|im_start|>user\n", "<|im_end|>"],
  ["<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"],
];

/** The last question within a rendered prompt; a prompt without a known template is one itself. */
export function questionOf(prompt: string): string {
  for (const [open, close] of TURNS) {
    const start = prompt.lastIndexOf(open);
    if (start === -1) continue;
    const end = prompt.indexOf(close, start + open.length);
    return prompt.slice(start + open.length, end === -1 ? undefined : end).trim();
  }
  return prompt;
}
