import { PreflightError } from "@moonlight-rl/core";
import type * as Embedded from "@moonlight-rl/embedded";
import { loadTokenizer, type Tokenizer } from "@moonlight-rl/tokenizer";

/** What samples responses: weights with their tokenizer. */
export interface Policy {
  readonly tokenizer: Pick<
    Tokenizer,
    "encode" | "decode" | "renderChat" | "encodeChat" | "stopTokenIds"
  >;
  readonly sampler: Pick<Embedded.Sampler, "generate">;
  close(): Promise<void>;
}

export interface PolicyOptions {
  /** Default: the cores available. Never changes results. */
  readonly threads?: number;
}

/** Opens an HF model folder in the embedded engine. */
export async function openPolicy(folder: string, options: PolicyOptions = {}): Promise<Policy> {
  const { createSampler, loadParameters } = await importEngine();
  const tokenizer = await loadTokenizer(folder);
  const model = await loadParameters(folder);
  const sampler = await createSampler({ ...model, ...options });
  return { tokenizer, sampler, close: () => sampler.close() };
}

/** The engine is an optional peer: who evaluates by other means need not install it. */
async function importEngine(): Promise<typeof Embedded> {
  try {
    return await import("@moonlight-rl/embedded");
  } catch (cause) {
    throw new PreflightError(
      "EVAL_ENGINE_MISSING",
      `The embedded engine cannot be loaded: ${(cause as Error).message}`,
      { hint: "Install it: npm install @moonlight-rl/embedded", cause },
    );
  }
}
