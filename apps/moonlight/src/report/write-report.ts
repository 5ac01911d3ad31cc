import { join } from "node:path";
import { writeFileAtomic } from "@moonlight-rl/core";
import { runFiles, type Workspace } from "@moonlight-rl/pipeline";
import { collectReport } from "./collect-report.ts";
import type { ReportData } from "./report-data.ts";
import { reportPage } from "./report-page.ts";

/** Writes a run's report into its folder (or to `path`) and says where. */
export async function writeReport(
  workspace: Workspace,
  id: string,
  path?: string,
): Promise<{ path: string; data: ReportData }> {
  const data = await collectReport(workspace, id);
  const target = path ?? join(runFiles(workspace, id).folder, "report.html");
  await writeFileAtomic(target, reportPage(data));
  return { path: target, data };
}
