import { isDeepStrictEqual } from "node:util";
import { validateArgv, type Verdict } from "../argv/validate-argv.ts";
import {
  caseArgv,
  caseOptions,
  type CaseBase,
  type CaseInput,
  type ReferenceCase,
} from "./reference-case.ts";

/** Our verdict on a case. */
export function judgeCase(testCase: Pick<ReferenceCase, CaseInput>, base: CaseBase): Verdict {
  return validateArgv(caseArgv(testCase, base), caseOptions(testCase, base));
}

/** Judges a recorded case again; the differences from what the reference said, empty when we agree. */
export function compareCase(testCase: ReferenceCase, base: CaseBase): string[] {
  const verdict = judgeCase(testCase, base);
  if (verdict.outcome !== testCase.outcome) {
    const { rejection } = verdict;
    const ours = rejection && ` by ${rejection.rule} (${rejection.raisedAt ?? "argparse"})`;
    const theirs = `${testCase.stage ?? ""} ${testCase.raised_at ?? ""} ${testCase.message ?? ""}`;
    return [
      `outcome: reference ${testCase.outcome} ${theirs}, ours ${verdict.outcome}${ours ?? ""}`,
    ];
  }
  return verdict.outcome === "accept"
    ? resolvedDifferences(testCase, verdict)
    : siteDifferences(testCase, verdict);
}

function siteDifferences(testCase: ReferenceCase, { rejection }: Verdict): string[] {
  const found: string[] = [];
  if (rejection?.stage !== testCase.stage) {
    found.push(`stage: reference ${testCase.stage ?? ""}, ours ${rejection?.stage ?? ""}`);
  }
  // A condition that the recording checked again by hand is marked so.
  const theirs = testCase.raised_at?.replace(" (re-check)", "") ?? null;
  const outside = rejection?.outside;
  const same =
    outside === "exit"
      ? theirs === null
      : outside === undefined
        ? theirs === rejection?.raisedAt
        : theirs?.includes(outside) === true;
  if (!same) {
    found.push(
      `raised at: reference ${theirs ?? "argparse"}, ours ${rejection?.raisedAt ?? "argparse"} (${rejection?.rule ?? ""}, ${rejection?.message ?? ""})`,
    );
  }
  return found;
}

function resolvedDifferences(testCase: ReferenceCase, { resolved }: Verdict): string[] {
  return Object.entries(testCase.resolved ?? {})
    .filter(([name, value]) => !isDeepStrictEqual(resolved.get(name) ?? null, value))
    .map(
      ([name, value]) =>
        `${name}: reference ${JSON.stringify(value)}, ours ${JSON.stringify(resolved.get(name))}`,
    );
}
