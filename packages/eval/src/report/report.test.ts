import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Script } from "node:vm";
import { readRows } from "@moonlight-rl/dataset";
import { withStage, type StageKit } from "@moonlight-rl/pipeline/testing";
import type { Artifact } from "@moonlight-rl/pipeline";
import { describe, expect, it } from "vitest";
import { compareCommand } from "../commands/compare.ts";
import { reportCommand } from "../commands/report.ts";
import { evaluate } from "../stage.ts";
import { gradedSpan } from "./graded-span.ts";
import { lengthHistogram } from "./length-histogram.ts";

const HOSTILE = '</script><script>alert("x")</script><!--';

/** A result of saved responses; problem i is right in `right[i]` of four samples. */
async function resultOf(
  kit: StageKit<typeof evaluate>,
  right: readonly number[],
): Promise<Artifact<"eval-result">> {
  const rows = right.map((count, i) => ({
    prompt: `${i}, or "${HOSTILE}"?`,
    label: "7",
    response: Array.from({ length: 4 }, (_, sample) =>
      sample < count ? `So 7, it is \\boxed{ 7} ${HOSTILE} 7` : sample === 3 ? "hm" : "\\boxed{8}",
    ),
  }));
  const responses = join(kit.folder, "responses.jsonl");
  await writeFile(responses, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return (await kit.run({ responses, name: "set" })).result;
}

const context = {
  workspace: "",
  signal: new AbortController().signal,
  emit: () => undefined,
  secrets: { get: () => undefined },
  clock: { now: () => new Date(0) },
};

describe("eval report", () => {
  it("is one page that runs nothing of a response, and a table", async () => {
    await withStage(evaluate, async (kit) => {
      const result = await resultOf(kit, [4, 0, 2]);
      const [html, csv] = [join(kit.folder, "r.html"), join(kit.folder, "r.csv")];
      const parquet = join(kit.folder, "r.parquet");
      const output = await reportCommand.run({ result, html, csv, parquet }, context);
      expect(output).toMatchObject({ html, csv, parquet });
      const rows: unknown[] = [];
      for await (const { value } of readRows(parquet)) rows.push(value);
      expect(rows).toHaveLength(3);
      expect(rows[2]).toEqual({
        problem: 2,
        prompt: `2, or "${HOSTILE}"?`,
        label: "7",
        samples: 4,
        right: 2,
        share_right: 0.5,
        no_answer: 1,
        truncated: 0,
        mean_tokens: null,
      });
      const page = await readFile(html, "utf8");
      expect(page.match(/<script/g)).toHaveLength(2);
      expect(page.match(/<\/script/g)).toHaveLength(2);
      expect(page).not.toMatch(/(src|href)="|<!--/);
      const json = /<script id="data" type="application\/json">(.*?)<\/script>/s.exec(page)?.[1];
      const data = JSON.parse(json ?? "") as {
        sides: {
          problems: { samples: { response: string; span?: { start: number; end: number } }[] }[];
        }[];
      };
      const [sample] = data.sides[0]?.problems[0]?.samples ?? [];
      // Not the 7 before it, nor the one after it.
      expect(sample?.response.slice(0, sample.span?.start)).toBe("So 7, it is \\boxed{");
      expect(sample?.response.slice(sample.span?.start, sample.span?.end).trim()).toBe("7");
      expect((await readFile(csv, "utf8")).split("\r\n").slice(0, 2)).toEqual([
        "problem,prompt,label,samples,right,share_right,no_answer,truncated,mean_tokens",
        '0,"0, or ""</script><script>alert(""x"")</script><!--""?",7,4,4,1,0,0,',
      ]);
      expect(output.lengths.reduce((sum, { right, wrong }) => sum + right + wrong, 0)).toBe(12);
      expect(reportCommand.present?.(reportCommand.output.parse(output))).toContain("50.0 %");
    });
  });

  it("has a script without a slip of the pen", async () => {
    const { PAGE_SCRIPT } = await import("./page-style.ts");
    // Compiled, never run: there is no document here.
    expect(() => new Script(PAGE_SCRIPT)).not.toThrow();
  });
});

describe("eval compare", () => {
  it("shows both sides, their difference, and the test", async () => {
    await withStage(evaluate, async (kit) => {
      const a = await resultOf(kit, [0, 1, 2, 0, 0, 1]);
      const b = await resultOf(kit, [4, 2, 2, 4, 4, 3]);
      const [html, csv] = [join(kit.folder, "c.html"), join(kit.folder, "c.csv")];
      const parquet = join(kit.folder, "c.parquet");
      const output = await compareCommand.run({ a, b, html, csv, parquet }, context);
      const differences: unknown[] = [];
      for await (const { value } of readRows(parquet)) differences.push(value["difference"]);
      expect(differences).toEqual([1, 0.25, 0, 1, 1, 0.5]);
      expect(output.comparison).toMatchObject({ better: 5, worse: 0, same: 1, pValue: 0.0625 });
      const page = await readFile(html, "utf8");
      expect(page).toContain("+62.5 points");
      const table = await readFile(csv, "utf8");
      expect(table).toContain("b_mean_tokens,difference\r\n");
      expect(table.split("\r\n")[1]).toMatch(/,1$/);
      expect(compareCommand.present?.(compareCommand.output.parse(output))).toContain(
        "B: +62.5 points",
      );
      const other = await resultOf(kit, [1, 1]);
      await expect(compareCommand.run({ a, b: other }, context)).rejects.toMatchObject({
        code: "EVAL_NOT_COMPARABLE",
      });
    });
  });
});

describe("the graded span", () => {
  it.each([
    ["5 \\boxed{5} 5", "5", 9],
    ["\\boxed{5} \\boxed {6}", "6", 18],
    ["5 Answer: 5. 5", "5", 10],
    ["no mark 5 and 5", "5", 14],
    ["\\boxed{5}", "6", undefined],
    ["\\boxed{5}", "", undefined],
    ["\\boxed{5}", null, undefined],
  ])("of %s for %s", (response, extracted, start) => {
    expect(gradedSpan(response, extracted)?.start).toBe(start);
  });
});

describe("the histogram", () => {
  it("has round bins that hold every sample once", () => {
    const samples = [0, 1, 99, 100, 101, 950].map((length, i) => ({
      length,
      outcome: i % 2 === 1 ? ("correct" as const) : ("wrong" as const),
      truncated: length > 900,
    }));
    const bins = lengthHistogram(samples, 10);
    expect(bins).toHaveLength(10);
    expect(bins[0]).toEqual({ from: 0, to: 100, right: 1, wrong: 2, truncated: 0 });
    expect(bins[1]).toMatchObject({ from: 100, right: 1, wrong: 1 });
    expect(bins[9]).toMatchObject({ to: 1000, right: 1, truncated: 1 });
    expect(lengthHistogram([{ length: 0, outcome: "correct", truncated: false }])).toHaveLength(1);
  });
});
