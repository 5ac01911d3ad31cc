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
  examples: ["./eval-of-trained", "./eval-of-trained --set aime --html aime.html --csv aime.csv"],
  input: z.strictObject({
    result: artifact("eval-result").describe("folder of a result, or its name in the store"),
    set: z.string().optional().describe("set of several; default: the first"),
    html: z.string().optional().describe("page to write: tables, histogram, sample browser"),
    csv: z.string().optional().describe("table of the problems to write"),
  }),
  positionals: ["result"],
  output: z.object({
    result: resultSchema,
    lengths: z.array(
      z.object({ from: count, to: count, right: count, wrong: count, truncated: count }),
    ),
    html: z.string().optional(),
    csv: z.string().optional(),
  }),
  async run({ result: { path }, set, html, csv }, { signal }) {
    const { lengthHistogram } = await import("../report/length-histogram.ts");
    const { problemsCsv } = await import("../report/problems-csv.ts");
    const { readSide } = await import("../report/report-data.ts");
    const { reportPage } = await import("../report/report-page.ts");
    const side = await readSide(path, set, signal);
    if (html !== undefined) {
      await writeFileAtomic(html, reportPage([{ ...side, title: basename(path) }]));
    }
    if (csv !== undefined) await writeFileAtomic(csv, problemsCsv(side));
    return {
      result: side.result,
      lengths: lengthHistogram(side.lengths),
      ...(html !== undefined && { html }),
      ...(csv !== undefined && { csv }),
    };
  },
  present: ({ result, html, csv }) =>
    [
      renderSummary([{ title: result.name, result }]),
      ...[html, csv].flatMap((file) => (file === undefined ? [] : [`written: ${file}`])),
    ].join("\n"),
});
