export { ChatTemplate, chatMessageSchema, type ChatMessage, type RenderOptions } from "./chat.ts";
export { loadTokenizer, type Tokenizer } from "./tokenizer.ts";
export { readPromptRows, type PromptKeys, type PromptRow } from "./prompt-rows.ts";
