import type { RowMessage } from "@moonlight-rl/dataset";
import type { Problem } from "../data/problem.ts";

/** Renders a conversation up to where the assistant's answer begins. */
export type RenderChat = (messages: readonly RowMessage[]) => string;

/** The conversation of a problem. A plain prompt is one message of the user, as in the reference. */
export function messagesOf({ prompt }: Problem): readonly RowMessage[] {
  return typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt;
}

/** The text that a policy continues: a plain prompt as it is where no template is wanted, else the rendered conversation. */
export function renderPrompt(
  problem: Problem,
  applyChatTemplate: boolean,
  render: RenderChat,
): string {
  if (typeof problem.prompt === "string" && !applyChatTemplate) return problem.prompt;
  return render(messagesOf(problem));
}

/** A prompt for people, where a server renders it: the question alone, or the conversation. */
export function readablePrompt({ prompt }: Problem): string {
  if (typeof prompt === "string") return prompt;
  const [first] = prompt;
  if (prompt.length === 1 && first?.role === "user") return first.content;
  return prompt.map(({ role, content }) => `${role}: ${content}`).join("\n\n");
}
