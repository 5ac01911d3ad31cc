export { moonlight, type MoonlightOutputs } from "./pipeline/moonlight.ts";
export { paramsSchema, PROFILE_ASSETS, type Params } from "./pipeline/params.ts";
export { STAGE_IDS, type StageId } from "./pipeline/stage-ids.ts";
export { defineConfig, type MoonlightConfig } from "./config/config.ts";
export { withEndpoint } from "./hub/bundled-hub.ts";
export { collectReport } from "./report/collect-report.ts";
export { reportPage } from "./report/report-page.ts";
export type {
  ReportArtifact,
  ReportComparison,
  ReportData,
  ReportEvaluation,
  ReportSample,
  ReportStage,
} from "./report/report-data.ts";
export { writeReport } from "./report/write-report.ts";
