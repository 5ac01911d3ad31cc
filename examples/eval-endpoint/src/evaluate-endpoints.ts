import { evaluate } from "@moonlight-rl/eval";
import { adoptArtifact, runStage, type Artifact, type RunnerOptions } from "@moonlight-rl/pipeline";

export interface Server {
  /** What it speaks; `sglang` gets token ids, made with the tokenizer of the folder in `tokenizer`. */
  readonly api: "openai-chat" | "sglang";
  /** Its name of the model; only OpenAI's API needs one. */
  readonly servedModel?: string | undefined;
  readonly tokenizer?: string | undefined;
  /** Name of the environment variable with its key: the key itself is in no argument and no result. */
  readonly apiKeyEnv?: string | undefined;
}

export interface Problems {
  /** Folder with rows of `prompt` and `label`, and the file within it. */
  readonly data: string;
  readonly dataFile?: string | undefined;
  readonly nSamplesPerPrompt: number;
  readonly maxResponseLen: number;
  /** 0: the likeliest token each time, so that one sample a problem says all. */
  readonly temperature?: number | undefined;
  /** What every result has to be, such as "avg@4>=0.3". A miss is a `GateError`, thrown after the result was kept. */
  readonly require?: readonly string[] | undefined;
}

/**
 * Has the same problems answered at each address; every result but the first is compared with the first, problem by problem.
 * An evaluation that was interrupted goes on where it stopped.
 */
export async function evaluateEndpoints(
  urls: readonly string[],
  { tokenizer, ...server }: Server,
  { data, require = [], ...problems }: Problems,
  options: RunnerOptions = {},
): Promise<Artifact<"eval-result">[]> {
  const shared = given({
    ...server,
    ...problems,
    tokenizer: tokenizer === undefined ? undefined : await adoptArtifact("hf-model", tokenizer),
    data: await adoptArtifact("hf-dataset", data),
    require: [...require],
  });
  const results: Artifact<"eval-result">[] = [];
  for (const endpoint of urls) {
    const [baseline] = results;
    const input = { ...shared, endpoint, ...given({ baseline }) };
    results.push((await runStage(evaluate, input, options)).result);
  }
  return results;
}

/** The fields that have a value. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: Exclude<T[K], undefined> };
}
