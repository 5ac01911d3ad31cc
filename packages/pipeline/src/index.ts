export { artifact, isArtifact, type Artifact, type JsonObject } from "./artifact/artifact.ts";
export { adoptArtifact, type AdoptOptions } from "./artifact/adopt.ts";
export { readManifest, type Manifest, type ManifestFile } from "./artifact/manifest.ts";
export { verifyArtifact, type VerifyOptions } from "./artifact/verify.ts";
export { fromJson, toJson, type ArtifactReference } from "./artifact/reference.ts";
export { keyedPart } from "./schema/keyed.ts";
export { unkeyed } from "./schema/unkeyed.ts";
export {
  defineStage,
  type Stage,
  type StageDefinition,
  type StageInput,
  type StageOutput,
} from "./stage/define-stage.ts";
export { defineSubcommand, type Subcommand } from "./stage/subcommand.ts";
export type {
  Clock,
  Exec,
  ExecOptions,
  ExecResult,
  FileDigest,
  PlanAction,
  PlanContext,
  PublishOptions,
  Secrets,
  StageContext,
} from "./stage/context.ts";
export { runStage, runStageDetailed } from "./runner/run-stage.ts";
export type { StageResult } from "./runner/execute-stage.ts";
export type { RunnerOptions } from "./runner/session.ts";
export { openWorkspace, type Workspace } from "./workspace/workspace.ts";
export {
  definePipeline,
  type Pipeline,
  type StageCall,
  type StageCallOptions,
} from "./run/define-pipeline.ts";
export { runPipeline, type RunOptions, type RunResult } from "./run/run-pipeline.ts";
export type { RunStageResult } from "./run/run-stages.ts";
export {
  brokenRuns,
  findRun,
  listRuns,
  readRun,
  readRunEvents,
  readRunJournal,
  runFiles,
  type RunFiles,
  type RunSummary,
} from "./run/run-folder.ts";
export { runSeconds, type RunRecord } from "./run/run-record.ts";
export {
  environmentDifferences,
  environmentSchema,
  type Environment,
  type EnvironmentDifference,
} from "./run/environment.ts";
export {
  compareRuns,
  type Cause,
  type RunComparison,
  type StageComparison,
} from "./run/compare-runs.ts";
export type { JournalEntry } from "./run/journal.ts";
export { planPipeline, type PipelinePlan } from "./plan/plan-pipeline.ts";
export { planStage, type PlannedStage } from "./plan/plan-stage.ts";
export { stageCommand } from "./cli/stage-command.ts";
export { addCommonOptions, type StageCommandOptions } from "./cli/common-options.ts";
export { stageMain, endWith } from "./cli/stage-main.ts";
export { runCli, type RunCliOptions } from "./cli/run-cli.ts";
export { handleSignals, type SignalHandling } from "./cli/signals.ts";
export { cliSession, present, type CliSession, type Presentation } from "./cli/session.ts";
export { createEventView, type EventView } from "./cli/event-view.ts";
export { formatError, type FormatErrorOptions } from "./cli/format-error.ts";
export {
  PLAIN_SCREEN,
  processIo,
  resultScreen,
  wantsColor,
  type CliIo,
  type OutputStream,
  type TextScreen,
} from "./cli/io.ts";
export {
  failureLine,
  outputJsonSchema,
  plannedStageSchema,
  stageLineSchema,
  subcommandLineSchema,
  summaryLine,
} from "./cli/line-schema.ts";
export { planText } from "./cli/plan-table.ts";
export { resultTable } from "./cli/result-table.ts";
export { taskName, TaskRates } from "./cli/task-rates.ts";
