import { basename } from "node:path";
import { writeFileAtomic } from "@moonlight-rl/core";
import { artifact, defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { renderSummary } from "../result/render-summary.ts";
import { resultSchema } from "../result/result.ts";

const count = z.int().nonnegative();

export const reportCommand = defineSubcommand({
  name: "report",
  title: "Show a result: figures, lengths, problems, samples.",
  examples: [
    "./eval-of-trained",
    "./eval-of-trained --set aime --html aime.html --csv aime.csv --parquet aime.parquet",
  ],
  input: z.strictObject({
    result: artifact("eval-result").describe("folder of a result, or its name in the store"),
    set: z.string().optional().describe("set of several; default: the first"),
    html: z.string().optional().describe("page to write: tables, histogram, sample browser"),
    csv: z.string().optional().describe("table of the problems to write"),
    parquet: z.string().optional().describe("the same table, with a type for each column"),
  }),
  positionals: ["result"],
  output: z.object({
    result: resultSchema,
    lengths: z.array(
      z.object({ from: count, to: count, right: count, wrong: count, truncated: count }),
    ),
    html: z.string().optional(),
    csv: z.string().optional(),
    parquet: z.string().optional(),
  }),
  async run({ result: { path }, set, html, csv, parquet }, { signal }) {
    const { lengthHistogram } = await import("../report/length-histogram.ts");
    const { problemTable } = await import("../report/problem-table.ts");
    const { writeTables } = await import("../report/write-tables.ts");
    const { readSide } = await import("../report/report-data.ts");
    const { reportPage } = await import("../report/report-page.ts");
    const side = await readSide(path, set, signal);
    if (html !== undefined) {
      await writeFileAtomic(html, reportPage([{ ...side, title: basename(path) }]));
    }
    await writeTables({ csv, parquet }, problemTable(side));
    return {
      result: side.result,
      lengths: lengthHistogram(side.lengths),
      ...(html !== undefined && { html }),
      ...(csv !== undefined && { csv }),
      ...(parquet !== undefined && { parquet }),
    };
  },
  present: ({ result, html, csv, parquet }) =>
    [
      renderSummary([{ title: result.name, result }]),
      ...[html, csv, parquet].flatMap((file) => (file === undefined ? [] : [`written: ${file}`])),
    ].join("\n"),
});
