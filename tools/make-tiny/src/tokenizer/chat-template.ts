/** The system message that Moonlight's template puts first when the conversation has none. */
export const DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant provided by Moonshot-AI.";

/**
 * Moonlight's chat format as a jinja template: each message is `<|im_ROLE|>ROLE<|im_middle|>CONTENT<|im_end|>`, a default
 * system message comes first when there is none, and the generation prompt opens the assistant's turn.
 */
export const CHAT_TEMPLATE = [
  `{%- if messages[0]['role'] != 'system' -%}`,
  `{{- '<|im_system|>system<|im_middle|>${DEFAULT_SYSTEM_PROMPT}<|im_end|>' -}}`,
  `{%- endif -%}`,
  `{%- for message in messages -%}`,
  `{%- if message['role'] not in ['system', 'user', 'assistant'] -%}`,
  `{{- raise_exception('unknown role ' + message['role']) -}}`,
  `{%- endif -%}`,
  `{{- '<|im_' + message['role'] + '|>' + message['role'] + '<|im_middle|>' + message['content'] + '<|im_end|>' -}}`,
  `{%- endfor -%}`,
  `{%- if add_generation_prompt -%}`,
  `{{- '<|im_assistant|>assistant<|im_middle|>' -}}`,
  `{%- endif -%}`,
].join("");
