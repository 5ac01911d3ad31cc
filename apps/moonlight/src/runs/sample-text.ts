import { stripVTControlCharacters } from "node:util";
import { formatTable } from "@moonlight-rl/core";
import type { TextScreen } from "@moonlight-rl/pipeline";
import type { Colors } from "picocolors/types.js";
import { gradedSpan } from "./run-samples.ts";
import type { RunSample } from "./sample-schema.ts";

/** Columns where there is no terminal. */
const WIDTH = 100;

/** Samples as a table that fits the screen. */
export function samplesTable(
  samples: readonly RunSample[],
  { columns: width = WIDTH, colors }: TextScreen,
): string {
  const rows = samples.map(({ id, step, reward, outcome, label, response }) => [
    id,
    String(step),
    String(Number(reward.toPrecision(3))),
    outcomeText(outcome, colors),
    fit(label, 12),
    response,
  ]);
  const head = [
    { title: "sample" },
    { title: "step", align: "right" as const },
    { title: "reward", align: "right" as const },
    { title: "outcome" },
    { title: "label" },
  ];
  const fixed = stripVTControlCharacters(formatTable(head, rows)).split("\n");
  const taken = Math.max(...fixed.map((line) => line.length)) + 2;
  return formatTable(
    [...head, { title: "response" }],
    rows.map((row) => [
      ...row.slice(0, -1),
      fit(row.at(-1) ?? "", Math.max(16, width - taken - 1)),
    ]),
  );
}

function outcomeText(outcome: RunSample["outcome"], colors: Colors): string {
  return outcome === "correct" ? colors.green(outcome) : colors.red(outcome);
}

/** One sample in full; what was graded is underlined, or between ⟦ and ⟧ where there is no colour. */
export function sampleText(sample: RunSample, colors: Colors): string {
  const {
    id,
    stage,
    step,
    group,
    index,
    reward,
    outcome,
    label,
    prompt,
    response,
    truncated,
    tokens,
  } = sample;
  const span = gradedSpan(sample);
  const mark = (text: string): string =>
    colors.isColorSupported ? colors.bold(colors.underline(text)) : `⟦${text}⟧`;
  const shown =
    span === undefined
      ? printable(response)
      : printable(response.slice(0, span.from)) +
        mark(printable(response.slice(span.from, span.to))) +
        printable(response.slice(span.to));
  const facts = [
    `reward ${reward}`,
    outcome,
    truncated ? "cut off at the length limit" : undefined,
    typeof tokens === "number" ? `${tokens} tokens` : undefined,
  ].filter((fact) => fact !== undefined);
  return [
    `${id}  (${stage}${stage === "train" ? `, rollout ${step}` : ""}, problem ${group}, sample ${index})`,
    facts.join(" · "),
    "",
    colors.dim("prompt"),
    printable(prompt),
    "",
    colors.dim("response"),
    shown,
    "",
    `${colors.dim("label")}  ${printable(label)}`,
    ...(span === undefined ? ["No answer was found in it."] : []),
  ].join("\n");
}

function fit(text: string, width: number): string {
  const line = [...printable(text).replaceAll(/\s+/g, " ").trim()];
  return line.length <= width ? line.join("") : `${line.slice(0, width - 1).join("")}…`;
}

/** A model's output must not steer the terminal: control characters are shown, not sent. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must not pass
  const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
  return text.replaceAll(control, visible);
}

function visible(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
