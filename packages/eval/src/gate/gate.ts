import { closest, GateError, UsageError } from "@moonlight-rl/core";
import { drawsOf } from "../result/figures.ts";
import type { SetSummary, Summary } from "../result/summary.ts";
import { holds, parseRequirement, requirementError, type Requirement } from "./requirement.ts";

export interface GateInput {
  readonly require?: readonly string[] | undefined;
  readonly requireGain?: boolean | undefined;
  readonly baseline?: unknown;
}

/** A difference that chance makes more often than this is no gain. */
const SIGNIFICANT = 0.05;

/**
 * Refuses, before anything is sampled, what could never be looked up. `n` is absent where it is not known yet.
 * Errors: `EVAL_REQUIREMENT_INVALID`.
 */
export function checkGate(
  input: GateInput,
  sets: readonly { readonly name: string; readonly n: number | undefined }[],
): void {
  if (input.requireGain === true && input.baseline === undefined) {
    throw new UsageError("EVAL_REQUIREMENT_INVALID", "A gain needs something to compare with.", {
      field: "requireGain",
      hint: "Give the other result: --baseline FOLDER.",
    });
  }
  for (const requirement of (input.require ?? []).map(parseRequirement)) {
    const { figure, text } = requirement;
    const { n } = setOf(requirement, sets);
    if ((figure === "gain" || figure === "p") && input.baseline === undefined) {
      throw requirementError(
        text,
        "compares with a baseline, and there is none",
        "--baseline FOLDER",
      );
    }
    const [kind, count] = figure.split("@");
    if (count === undefined || n === undefined) continue;
    const possible = kind === "avg" ? [n] : drawsOf(n);
    if (possible.includes(Number(count))) continue;
    const names = possible.map((k) => `${kind}@${k}`).join(", ");
    throw requirementError(
      text,
      `is of a figure that is not made of ${n} samples`,
      `There is: ${names}.`,
    );
  }
}

/** The error of a result that misses its gate, with all that was measured; undefined when it passes. */
export function gateVerdict(
  summary: Pick<Summary, "sets">,
  input: GateInput,
  where: string,
): GateError | undefined {
  const missed = [
    ...(input.require ?? []).flatMap((text) => missedBy(parseRequirement(text), summary.sets)),
    ...(input.requireGain === true ? summary.sets.flatMap(withoutGain) : []),
  ];
  if (missed.length === 0) return undefined;
  return new GateError("EVAL_BELOW_GATE", `The result misses its gate: ${missed.join("; ")}.`, {
    field: input.requireGain === true && input.require === undefined ? "requireGain" : "require",
    file: where,
    hint: "The result is published all the same.",
  });
}

function missedBy(requirement: Requirement, sets: readonly SetSummary[]): string[] {
  const set = setOf(requirement, sets);
  const figure = figureOf(set, requirement.figure);
  if (figure === undefined) {
    throw requirementError(requirement.text, "is of a figure that the result has not");
  }
  const actual =
    requirement.end === undefined ? figure.mean : (figure[requirement.end] ?? Number.NaN);
  if (holds(actual, requirement)) return [];
  const name = `${set.name}.${requirement.figure}`;
  const interval =
    figure.low === undefined
      ? ""
      : ` (95 % interval ${short(figure.low)} to ${short(figure.high)})`;
  return [`${name} is ${short(figure.mean)}${interval}, required is ${requirement.text}`];
}

function withoutGain({ name, comparison }: SetSummary): string[] {
  if (comparison === undefined) return [`${name} has no baseline`];
  const { difference, pValue, interval, minimumDetectable } = comparison;
  if (difference > 0 && pValue < SIGNIFICANT) return [];
  const range = `95 % interval ${short(interval.low)} to ${short(interval.high)}`;
  const power =
    minimumDetectable === null
      ? ""
      : `; gains below ${short(minimumDetectable)} are likely to be missed with so few problems`;
  return [
    `${name} has no gain beyond chance: ${short(difference)} (${range}), p = ${short(pValue)}${power}`,
  ];
}

interface Measured {
  readonly mean: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

function figureOf(set: SetSummary, name: string): Measured | undefined {
  const { comparison } = set;
  switch (name) {
    case "reward":
      return { mean: set.meanReward };
    case "closed":
      return { mean: set.closedShare };
    case "truncated":
      return { mean: set.truncatedShare };
    case "repetitive":
      return { mean: set.repetitiveShare };
    case "gain":
      return comparison && { mean: comparison.difference, ...comparison.interval };
    case "p":
      return comparison && { mean: comparison.pValue };
    default:
      return set.figures[name];
  }
}

function setOf<S extends { readonly name: string }>(
  { set, text }: Requirement,
  sets: readonly S[],
): S {
  const found = set === undefined ? sets[0] : sets.find(({ name }) => name === set);
  const names = sets.map(({ name }) => name);
  if (found !== undefined && (set !== undefined || sets.length === 1)) return found;
  const near = set === undefined ? undefined : closest(set, names);
  throw requirementError(
    text,
    set === undefined
      ? "does not say which set it is of"
      : `is of the set ${set}, which there is not`,
    near === undefined ? `Sets: ${names.join(", ")}.` : `Did you mean "${near}"?`,
  );
}

function short(value: number | undefined): string {
  return String(Number((value ?? Number.NaN).toPrecision(4)));
}
