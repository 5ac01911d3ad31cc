import { StringDecoder } from "node:string_decoder";
import { VerificationError } from "@moonlight-rl/core";

/** The longest thing that may not be cut: two escapes that make one character. */
const LONGEST_ESCAPE = 12;

/**
 * The text in `{"logs": "…"}`, piece by piece as the answer comes in: logs are as long as they like, and a whole one would not
 * fit into a string.
 */
export async function* jsonText(
  chunks: AsyncIterable<Uint8Array>,
  field: string,
): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  const opening = new RegExp(`^\\s*\\{\\s*"${field}"\\s*:\\s*"`);
  let inside = false;
  let carry = "";
  for await (const chunk of chunks) {
    let text = carry + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (!inside) {
      const start = opening.exec(text);
      if (start === null && text.length > 100) break;
      carry = text;
      if (start === null) continue;
      inside = true;
      text = text.slice(start[0].length);
    }
    const { end, closed } = cutAt(text);
    if (end > 0) yield JSON.parse(`"${text.slice(0, end)}"`) as string;
    if (closed) return;
    carry = text.slice(end);
  }
  throw new VerificationError("RAY_ANSWER_INVALID", `The answer has no complete text "${field}".`);
}

/** Up to where the text holds whole escapes, and whether its closing quote stands there. */
function cutAt(text: string): { end: number; closed: boolean } {
  const safe = text.length - LONGEST_ESCAPE;
  let at = 0;
  let held: number | undefined;
  for (const match of text.matchAll(/\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u....|u....|[^u])|"/g)) {
    if (match[0] === '"') return { end: match.index, closed: true };
    if (match.index >= safe) held ??= match.index;
    at = match.index + match[0].length;
  }
  const end = held ?? Math.max(at, safe);
  return { end: /[\uD800-\uDBFF]/.test(text[end - 1] ?? "") ? end - 1 : end, closed: false };
}
