import { UsageError } from "@moonlight-rl/core";
import type { Api } from "./endpoint-options.ts";

const METHODS: Readonly<Record<Api, string>> = {
  "openai-chat": "/chat/completions",
  "openai-completions": "/completions",
  sglang: "/generate",
};

/**
 * The address that requests go to: `http://host:8000`, `http://host:8000/v1` and `http://host:8000/v1/chat/completions` mean
 * the same. Errors: `EVAL_ENDPOINT_URL`; the address is not repeated when it holds a password.
 */
export function endpointUrl(text: string, api: Api): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw invalid("is no URL", "Write it like http://127.0.0.1:30000.", cause);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid(
      "holds a user name or a password",
      "Put the key in an environment variable and name that with --api-key-env.",
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw invalid(`is of ${url.protocol}`, "Only http: and https: are spoken.");
  }
  const method = METHODS[api];
  const path = url.pathname.replace(/\/+$/, "");
  if (path.endsWith(method)) url.pathname = path;
  else if (path === "" && api !== "sglang") url.pathname = `/v1${method}`;
  else url.pathname = `${path}${method}`;
  url.hash = "";
  return url;
}

function invalid(what: string, hint: string, cause?: unknown): UsageError {
  return new UsageError("EVAL_ENDPOINT_URL", `The endpoint's address ${what}.`, {
    field: "endpoint",
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
