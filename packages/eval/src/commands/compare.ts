import { writeFileAtomic } from "@moonlight-rl/core";
import { artifact, defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { renderSummary } from "../result/render-summary.ts";
import { comparisonSchema, resultSchema } from "../result/result.ts";

export const compareCommand = defineSubcommand({
  name: "compare",
  title: "Compare two results over the same problems.",
  examples: [
    "./eval-of-base ./eval-of-trained",
    "./eval-of-base ./eval-of-trained --set aime --html compare.html --csv compare.csv --parquet compare.parquet",
  ],
  input: z.strictObject({
    a: artifact("eval-result").describe("result to start from"),
    b: artifact("eval-result").describe("result that may be better"),
    set: z.string().optional().describe("set of several; default: the first"),
    html: z.string().optional().describe("page to write: both results side by side"),
    csv: z.string().optional().describe("table of the problems to write"),
    parquet: z.string().optional().describe("the same table, with a type for each column"),
  }),
  positionals: ["a", "b"],
  output: z.object({
    a: resultSchema,
    b: resultSchema,
    comparison: comparisonSchema,
    html: z.string().optional(),
    csv: z.string().optional(),
    parquet: z.string().optional(),
  }),
  async run({ a, b, set, html, csv, parquet }, { signal }) {
    const { problemTable } = await import("../report/problem-table.ts");
    const { writeTables } = await import("../report/write-tables.ts");
    const { readSide } = await import("../report/report-data.ts");
    const { reportPage } = await import("../report/report-page.ts");
    const { compareResults } = await import("../result/compare.ts");
    const before = await readSide(a.path, set, signal);
    const after = await readSide(b.path, set, signal);
    const comparison = compareResults(after.result, before.result, a.digest);
    if (html !== undefined) {
      const sides = [
        { ...before, title: "A" },
        { ...after, title: "B" },
      ];
      await writeFileAtomic(html, reportPage(sides, comparison));
    }
    await writeTables({ csv, parquet }, problemTable(before, after));
    return {
      a: before.result,
      b: after.result,
      comparison,
      ...(html !== undefined && { html }),
      ...(csv !== undefined && { csv }),
      ...(parquet !== undefined && { parquet }),
    };
  },
  present: ({ a, b, comparison, html, csv, parquet }) =>
    [
      renderSummary([
        { title: "A", result: a },
        { title: "B", result: { ...b, comparison } },
      ]),
      ...[html, csv, parquet].flatMap((file) => (file === undefined ? [] : [`written: ${file}`])),
    ].join("\n"),
});
