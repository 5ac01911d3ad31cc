import { PreflightError, UsageError, VerificationError, hashFile } from "@moonlight-rl/core";
import type { Artifact, Secrets } from "@moonlight-rl/pipeline";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import { endpointUrl } from "../endpoint/endpoint-url.ts";
import type { EvalInput } from "../input.ts";

/** Which of the ways to get answers was chosen. */
export type PolicyChoice =
  | { readonly kind: "embedded"; readonly model: Artifact<"hf-model"> }
  | { readonly kind: "endpoint"; readonly options: Omit<EndpointOptions, "apiKey"> }
  | {
      readonly kind: "served";
      readonly model: Artifact<"hf-model">;
      readonly options: Omit<EndpointOptions, "apiKey" | "url">;
      readonly server: {
        readonly command: readonly [string, ...string[]];
        readonly args: readonly string[];
        readonly timeoutMs: number;
      };
    }
  | { readonly kind: "responses"; readonly file: string };

const KINDS = ["model", "endpoint", "responses"] as const;

/** Fields that mean something with one kind only. */
const BELONGS: Readonly<Record<(typeof KINDS)[number], readonly (keyof EvalInput)[]>> = {
  model: ["threads", "engine", "serverCommand", "serverArgs", "serverTimeout"],
  endpoint: ["servedModel", "api", "tokenizer", "apiKeyEnv", "sendSeed", "extraBody"],
  responses: ["responsesSha256", "responseKey"],
};

/** Errors: `EVAL_POLICY_CHOICE` where none or several are given, or a field that belongs to another one. */
export function choosePolicy(input: EvalInput): PolicyChoice {
  const given = KINDS.filter((kind) => input[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    throw choiceError(
      kind ?? "model",
      kind === undefined ? "Nothing is given that answers." : `${given.join(" and ")} are given.`,
      "Give one of --model FOLDER, --endpoint URL and --responses FILE.",
    );
  }
  for (const other of KINDS) {
    const stray = BELONGS[other].find((field) => input[field] !== undefined);
    const served = input.engine === "sglang" && (stray === "sendSeed" || stray === "extraBody");
    if (other !== kind && stray !== undefined && !served) {
      throw choiceError(stray, `${stray} says something about ${other}, not about ${kind}.`);
    }
  }
  if (input.model !== undefined) return ofModel(input.model, input);
  if (input.responses !== undefined) return { kind: "responses", file: input.responses };
  return { kind: "endpoint", options: endpointOptions(input) };
}

/** What sglang is started with, where nothing else is said. */
const SGLANG = ["python3", "-m", "sglang.launch_server"] as const;

function ofModel(model: Artifact<"hf-model">, input: EvalInput): PolicyChoice {
  if (input.engine !== "sglang") {
    const stray = (["serverCommand", "serverArgs", "serverTimeout"] as const).find(
      (field) => input[field] !== undefined,
    );
    if (stray === undefined) return { kind: "embedded", model };
    throw choiceError(
      stray,
      `${stray} says something about a server that is started.`,
      "--engine sglang",
    );
  }
  const [program, ...first] = input.serverCommand ?? SGLANG;
  return {
    kind: "served",
    model,
    options: { ...requestOptions(input), api: "sglang", model: undefined },
    server: {
      command: [program ?? SGLANG[0], ...first],
      args: input.serverArgs ?? [],
      timeoutMs: (input.serverTimeout ?? 1800) * 1000,
    },
  };
}

function endpointOptions(input: EvalInput): Omit<EndpointOptions, "apiKey"> {
  const api = input.api ?? "openai-chat";
  const url = input.endpoint ?? "";
  endpointUrl(url, api);
  if (api !== "sglang" && input.servedModel === undefined) {
    throw choiceError(
      "servedModel",
      `${api} asks for the model by its name.`,
      "--served-model NAME",
    );
  }
  return { ...requestOptions(input), url, api, model: input.servedModel };
}

function requestOptions(
  input: EvalInput,
): Omit<EndpointOptions, "apiKey" | "url" | "api" | "model"> {
  return {
    concurrency: input.concurrency ?? 256,
    timeoutMs: (input.requestTimeout ?? 1800) * 1000,
    attempts: input.attempts ?? 8,
    backoffMs: 500,
    sendSeed: input.sendSeed ?? true,
    extraBody: input.extraBody ?? {},
  };
}

/** The key from the environment; from then on it is redacted wherever it might appear. */
export function apiKeyOf(
  { apiKeyEnv }: Pick<EvalInput, "apiKeyEnv">,
  secrets: Secrets,
): string | undefined {
  if (apiKeyEnv === undefined) return undefined;
  const key = secrets.get(apiKeyEnv)?.trim();
  if (key !== undefined && key !== "") return key;
  throw new PreflightError("EVAL_API_KEY_MISSING", `${apiKeyEnv} is not set.`, {
    field: "apiKeyEnv",
    hint: `Put the key there: export ${apiKeyEnv}=…`,
  });
}

/** The digest of the file of responses, which is what a result depends on. Errors: `EVAL_RESPONSES_CHANGED`. */
export async function responsesDigest(file: string, expected: string | undefined): Promise<string> {
  let digest: string;
  try {
    digest = (await hashFile(file)).sha256;
  } catch (cause) {
    throw new PreflightError(
      "EVAL_DATA_MISSING",
      `Cannot read ${file}: ${(cause as Error).message}`,
      { field: "responses", file, cause },
    );
  }
  if (expected === undefined || expected === digest) return digest;
  throw new VerificationError("EVAL_RESPONSES_CHANGED", `${file} has sha256 ${digest}.`, {
    field: "responsesSha256",
    file,
    hint: "It is another file than the one that was meant, or was written to since.",
  });
}

function choiceError(field: string, message: string, hint?: string): UsageError {
  return new UsageError("EVAL_POLICY_CHOICE", message, { field, ...(hint && { hint }) });
}
