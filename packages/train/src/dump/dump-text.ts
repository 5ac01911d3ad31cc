import { formatBytes, formatPercent, formatTable } from "@moonlight-rl/core";
import type { DumpOutput } from "./dump-output.ts";

type Entry = DumpOutput["dumps"][number];
const right = (title: string): { title: string; align: "right" } => ({ title, align: "right" });

/** The dumps as a table; of a single one its samples; of a single sample all of it. */
export function dumpText(output: DumpOutput): string {
  const { dumps, found, samples, matching, sample } = output;
  const parts = [dumpTable(dumps)];
  if (found > dumps.length && samples.length === 0)
    parts.push(`the newest ${dumps.length} of ${found}; --limit shows more, --rollout N one`);
  for (const { rollout, evaluation, summary } of dumps)
    for (const fault of summary.faults) parts.push(`! ${name({ rollout, evaluation })}: ${fault}`);
  if (sample !== undefined) parts.push("", wholeSample(sample));
  else if (samples.length > 0) {
    parts.push("", sampleTable(samples));
    if (matching > samples.length)
      parts.push(`${samples.length} of ${matching}; --limit shows more, --sample I one in full`);
  }
  return parts.join("\n");
}

function name({ rollout, evaluation }: Pick<Entry, "rollout" | "evaluation">): string {
  return evaluation ? `eval ${rollout}` : String(rollout);
}

function dumpTable(dumps: readonly Entry[]): string {
  const rows = dumps.map(({ rollout, evaluation, bytes, summary: s }) => [
    name({ rollout, evaluation }),
    String(s.samples),
    String(s.groups),
    figure(s.meanReward),
    `${s.zeroStdGroups}/${s.groups}`,
    s.meanLength.toFixed(0),
    String(s.maxLength),
    formatPercent(s.samples === 0 ? 0 : s.truncated / s.samples),
    figure(s.meanLogProb),
    formatBytes(bytes),
  ]);
  return formatTable(
    [
      { title: "rollout" },
      ...[
        "samples",
        "groups",
        "reward",
        "flat",
        "tokens",
        "most",
        "cut off",
        "log-prob",
        "file",
      ].map(right),
    ],
    rows,
  );
}

function sampleTable(samples: DumpOutput["samples"]): string {
  const rows = samples.map((s) => [
    String(s.index ?? "–"),
    String(s.group ?? "–"),
    reward(s.reward),
    s.status,
    String(s.length),
    figure(s.meanLogProb),
    clip(s.label, 16),
    clip(s.ending, 60, true),
  ]);
  return formatTable(
    [
      right("sample"),
      right("group"),
      right("reward"),
      { title: "ended" },
      right("tokens"),
      right("log-prob"),
      { title: "label" },
      { title: "response ends with" },
    ],
    rows,
  );
}

function wholeSample(s: NonNullable<DumpOutput["sample"]>): string {
  const prompt = typeof s.prompt === "string" ? s.prompt : JSON.stringify(s.prompt, null, 2);
  const versions = [...new Set(s.weightVersions)].join(", ");
  const facts = [
    `sample ${s.index ?? "–"} of group ${s.group ?? "–"}: reward ${reward(s.reward)}, ${s.status}${s.removed ? ", left out of training" : ""}`,
    `${s.promptTokens} + ${s.length} tokens, ${s.trainedTokens} trained on${versions === "" ? "" : `; weights ${versions}`}`,
    ...s.faults.map((fault) => `! ${fault}`),
  ];
  const least = leastLikely(s);
  if (least !== undefined) facts.push(least);
  const metadata =
    Object.keys(s.metadata).length === 0 ? [] : ["", "── metadata", JSON.stringify(s.metadata)];
  const label = typeof s.label === "string" ? s.label : JSON.stringify(s.label);
  return [
    ...facts,
    "",
    "── prompt",
    printable(prompt),
    "",
    "── response",
    printable(s.response),
    "",
    "── label",
    printable(label),
    ...metadata,
  ].join("\n");
}

function leastLikely({ logProbs }: NonNullable<DumpOutput["sample"]>): string | undefined {
  if (logProbs === null || logProbs.length === 0) return undefined;
  const mean = logProbs.reduce((total, value) => total + value, 0) / logProbs.length;
  const least = logProbs.reduce((low, value) => Math.min(low, value), 0);
  return `log-probs: mean ${figure(mean)}, least ${figure(least)} at response token ${logProbs.indexOf(least)}`;
}

function figure(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}

function reward(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "number"
    ? String(Number(value.toPrecision(6)))
    : clip(typeof value === "string" ? value : JSON.stringify(value), 24);
}

function clip(text: string, size: number, fromEnd = false): string {
  const line = [...printable(text).replaceAll("\n", "⏎")];
  if (line.length <= size) return line.join("");
  return fromEnd ? `…${line.slice(1 - size).join("")}` : `${line.slice(0, size - 1).join("")}…`;
}

/** A model's text may hold what a terminal obeys. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly these are meant
  return text.replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, "�");
}
