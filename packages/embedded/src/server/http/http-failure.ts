import { isMoonlightError } from "@moonlight-rl/core";
import type { z } from "zod";

/** A request that is answered with an error of OpenAI's shape. */
export class HttpFailure extends Error {
  readonly status: number;
  /** The field at fault. */
  readonly param: string | null;
  readonly code: string | null;

  constructor(
    status: number,
    message: string,
    details: { readonly param?: string | undefined; readonly code?: string | undefined } = {},
  ) {
    super(message);
    this.status = status;
    this.param = details.param ?? null;
    this.code = details.code ?? null;
  }

  /** `{ error: { message, type, param, code } }` */
  get body(): unknown {
    const { message, param, code } = this;
    return { error: { message, type: typeOf(this.status), param, code } };
  }
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 503) return "overloaded_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** The protocol's names of what `GenerationRequest` calls otherwise. */
const FIELDS: Readonly<Record<string, string>> = {
  maxNewTokens: "max_tokens",
  topP: "top_p",
  topK: "top_k",
  stopTokenIds: "stop_token_ids",
  topLogProbs: "logprobs",
};

/** Whatever was thrown, as an answer. What is not meant for clients is not told. */
export function failureOf(thrown: unknown): HttpFailure {
  if (thrown instanceof HttpFailure) return thrown;
  if (!isMoonlightError(thrown)) return new HttpFailure(500, "Internal error.");
  const { code, message, field } = thrown;
  const param = field === undefined ? undefined : (FIELDS[field] ?? field);
  switch (code) {
    case "GENERATION_INVALID":
      return new HttpFailure(400, message.replace(field ?? "", param ?? ""), {
        param,
        code: message.includes("exceed the context") ? "context_length_exceeded" : undefined,
      });
    case "CHAT_RENDER_FAILED":
    case "CHAT_TEMPLATE_MISSING":
      return new HttpFailure(400, message, { param: "messages" });
    case "GENERATION_QUEUE_FULL":
    case "GENERATION_ENGINE_ENDED":
      return new HttpFailure(503, message, { code: code.toLowerCase() });
    default:
      return new HttpFailure(500, message, { code: code.toLowerCase() });
  }
}

/** Parses a body; the first fault becomes a 400 that names the field. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === "unrecognized_keys" && issue.keys[0] !== undefined) path.push(issue.keys[0]);
  const param = path.join(".") || undefined;
  throw new HttpFailure(400, `${param ?? "body"}: ${issue?.message ?? "invalid"}`, { param });
}
