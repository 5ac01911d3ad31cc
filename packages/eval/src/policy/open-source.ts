import type { StageContext } from "@moonlight-rl/pipeline";
import { loadTokenizer } from "@moonlight-rl/tokenizer";
import type { EvalInput } from "../input.ts";
import { embeddedSource, openEngine } from "./embedded-policy.ts";
import { endpointSource } from "./endpoint-policy.ts";
import { apiKeyOf, type PolicyChoice } from "./policy-choice.ts";
import { servedSource } from "./served-policy.ts";
import type { PolicySource } from "./policy.ts";

/** Makes ready what was chosen; undefined for saved responses, which each set brings along. */
export async function openSource(
  choice: PolicyChoice,
  input: EvalInput,
  context: Pick<StageContext, "emit" | "secrets" | "exec" | "signal">,
): Promise<PolicySource | undefined> {
  const { emit, secrets } = context;
  if (choice.kind === "responses") return undefined;
  if (choice.kind === "embedded") {
    const { threads } = input;
    const options = threads === undefined ? {} : { threads };
    return embeddedSource(await openEngine(choice.model.path, options));
  }
  const onFaults = (faults: ReadonlyMap<string, number>, limit: number): void => {
    const list = [...faults].map(([label, count]) => `${count} × ${label}`).join(", ");
    const narrowed =
      limit < choice.options.concurrency ? `; at most ${limit} requests at once` : "";
    emit({ type: "log", message: `faults so far, each tried again: ${list}${narrowed}` });
  };
  if (choice.kind === "served") return await servedSource(choice, context, onFaults);
  return endpointSource({
    endpoint: { ...choice.options, apiKey: apiKeyOf(input, secrets) },
    tokenizer: input.tokenizer && (await loadTokenizer(input.tokenizer.path)),
    onFaults,
  });
}
