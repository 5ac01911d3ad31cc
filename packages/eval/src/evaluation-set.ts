import { basename, join } from "node:path";
import { parseRowRange } from "@moonlight-rl/dataset";
import { readProblems, type Problem } from "./data/problem.ts";
import type { EvalInput } from "./input.ts";
import type { NamedSet } from "./named-sets.ts";
import type { SampleRequest } from "./policy/answer.ts";
import type { PolicyChoice } from "./policy/policy-choice.ts";
import type { Policy } from "./policy/policy.ts";
import { openSavedResponses } from "./policy/saved-responses.ts";

/** A set with its problems and all that is asked of them. */
export interface EvaluationSet extends NamedSet {
  /** Base name of the file, without its slice. */
  readonly dataFile: string;
  readonly problems: readonly Problem[];
  readonly requests: readonly SampleRequest[];
  /** Of saved responses: where the answers come from. */
  readonly saved?: Policy;
}

/** Reads a set's problems and lists what is asked. */
export async function readSet(
  set: NamedSet,
  input: EvalInput,
  choice: PolicyChoice,
): Promise<EvaluationSet> {
  const { settings, data } = set;
  const { file, rows } = parseRowRange(settings.dataFile ?? "");
  const problems =
    data === undefined ? undefined : await readProblems(join(data.path, file), settings, rows);
  if (choice.kind === "responses") {
    const { inputKey, labelKey, metadataKey } = settings;
    const keys = { inputKey, labelKey, metadataKey, responseKey: input.responseKey ?? "response" };
    const saved = await openSavedResponses(choice.file, keys, problems);
    return {
      ...set,
      settings: { ...settings, nSamplesPerPrompt: fewestSamples(saved.requests) },
      dataFile: basename(problems === undefined ? choice.file : file),
      problems: saved.problems,
      requests: saved.requests,
      saved: saved.policy,
    };
  }
  const all = problems ?? [];
  const requests = all.flatMap(({ index }) =>
    Array.from({ length: settings.nSamplesPerPrompt }, (_, sample) => ({ problem: index, sample })),
  );
  return { ...set, dataFile: basename(file), problems: all, requests };
}

function fewestSamples(requests: readonly SampleRequest[]): number {
  const counts = new Map<number, number>();
  for (const { problem } of requests) counts.set(problem, (counts.get(problem) ?? 0) + 1);
  return Math.min(...counts.values());
}
