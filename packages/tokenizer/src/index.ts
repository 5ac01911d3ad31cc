export { ChatTemplate, chatMessageSchema, type ChatMessage, type RenderOptions } from "./chat.ts";
export { loadTokenizer, type Tokenizer } from "./tokenizer.ts";
