import { Template } from "@huggingface/jinja";
import { UsageError } from "@moonlight-rl/core";
import { z } from "zod";

/** One message of a conversation. */
export const chatMessageSchema = z.looseObject({ role: z.string(), content: z.string() });
export type ChatMessage = z.output<typeof chatMessageSchema>;

export interface RenderOptions {
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt?: boolean;
}

/** A jinja chat template, compiled once. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #file: string;

  /** `variables` are what the template may read beside the messages (bos_token, …). */
  constructor(source: string, variables: Readonly<Record<string, string>>, file: string) {
    this.#variables = variables;
    this.#file = file;
    try {
      this.#template = new Template(source);
    } catch (cause) {
      throw new UsageError(
        "CHAT_TEMPLATE_INVALID",
        `chat_template does not parse: ${message(cause)}`,
        {
          file,
          field: "chat_template",
          cause,
        },
      );
    }
  }

  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    try {
      return this.#template.render({
        ...this.#variables,
        messages,
        add_generation_prompt: options.addGenerationPrompt ?? false,
      });
    } catch (cause) {
      throw new UsageError(
        "CHAT_RENDER_FAILED",
        `The chat template refused the messages: ${message(cause)}`,
        {
          file: this.#file,
          field: "messages",
          hint: "Roles that Moonlight knows are system, user and assistant.",
          cause,
        },
      );
    }
  }
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
