export { renderArgv } from "./render-argv.ts";
export { modelArgs } from "./model-args.ts";
export { floatPaths } from "./argv/float-paths.ts";
export { readModelConfig, type ModelConfig } from "./model-config.ts";
export { runtimeEnv } from "./runtime-env.ts";
export { duplicateFlags, type DuplicateFlag } from "./duplicate-flags.ts";
export { parseArgv, type ParsedArgv, type ParseFault } from "./argv/parse-argv.ts";
export type { Token, TokenValue } from "./argv/tokenise.ts";
export { flagTable, type Flag, type FlagTable, type ParserName } from "./argv/flag-table.ts";
export type { FlagSpec, Value } from "./argv/flag-spec.ts";
export {
  validateArgv,
  type Rejection,
  type ValidateOptions,
  type Verdict,
} from "./argv/validate-argv.ts";
export { argvRules, type ArgvRuleFacts } from "./argv/argv-rules.ts";
export type { OverrideNote } from "./argv/run-steps.ts";
export type { FileState, PathKind } from "./argv/world.ts";
export type { ArgvStage } from "./argv/step.ts";
export { argvRemarks, type Remark } from "./argv/remarks.ts";
export { argvFindings } from "./argv-findings.ts";
export { compareCase, judgeCase } from "./interop/compare-case.ts";
export {
  readCaseBase,
  readReferenceCase,
  type CaseBase,
  type CaseInput,
  type ReferenceCase,
} from "./interop/reference-case.ts";
export {
  importArgv,
  renderImported,
  type ImportedArgv,
  type ImportRecord,
  type LostValue,
} from "./import/import-argv.ts";
export { importScript, type LaunchScript } from "./script/import-script.ts";
export type { EvaluateOptions, SkippedLine } from "./script/evaluate.ts";
export { launchPlan, type LaunchPlan } from "./launch/launch-plan.ts";
export { launchScript } from "./launch/launch-script.ts";
export { slurmScript } from "./launch/slurm-script.ts";
export { rayJobRequest, type RayJobRequest } from "./launch/ray-job.ts";
export { kuberayManifest } from "./launch/kuberay-manifest.ts";
export { runProbe, type ProbeOptions, type ProbeQuestions } from "./probe/run-probe.ts";
export type { NodeFacts, SilentNode } from "./probe/node-facts.ts";
export { nodeNeeds, questionsOf, type NodeNeeds } from "./probe/needs.ts";
export { judgeNode, type CheckStatus, type NodeCheck } from "./probe/judge-node.ts";
export { checkCluster, type ClusterOptions } from "./probe/check-cluster.ts";
export { followJob, type FollowOptions, type JobFollower } from "./ray/follow-job.ts";
export { isFinal, type Job, type JobRequest, type JobStatus } from "./ray/job.ts";
export { RayJobs, type RayVersion } from "./ray/jobs-client.ts";
export type { LogCursor } from "./ray/log-position.ts";
export { rayEndpoint, rayUrl, type RayEndpoint } from "./ray/ray-endpoint.ts";
export type { RayHttpOptions } from "./ray/ray-http.ts";
export { LogReader, type LogPosition, type LogReaderOptions } from "./log/log-reader.ts";
export type * from "./log/log-event.ts";
export { LineSplitter, type LineSplitterOptions, type RawLine } from "./log/lines/line-splitter.ts";
export { parsePythonLiteral } from "./log/message/literal-parser.ts";
export type {
  PythonCall,
  PythonDict,
  PythonOpaque,
  PythonValue,
} from "./log/message/python-value.ts";
export {
  causeOf,
  classifyFailure,
  FAILURE_ADVICE,
  failureRank,
  type FailureCategory,
} from "./log/message/classify-failure.ts";
export {
  WATCH_PHASES,
  type Alarm,
  type AlarmId,
  type Hang,
  type PhaseChange,
  type WatchedFailure,
  type WatchEvent,
  type WatchPhase,
  type WatchState,
} from "./log/watch/watch-event.ts";
export {
  DEFAULT_ALARM_LIMITS,
  DEFAULT_PHASE_LIMITS,
  type AlarmLimits,
  type PhaseLimit,
} from "./log/watch/watch-limits.ts";
export { Watch, type WatchOptions } from "./log/watch/watch.ts";
export type { GpuReading } from "./log/watch/gpu-idle.ts";
export {
  DashboardReader,
  type DashboardFault,
  type DashboardPosition,
  type DashboardReaderOptions,
} from "./log/dashboard/dashboard-reader.ts";
export {
  DASHBOARD_STREAMS,
  type DashboardRecord,
  type DashboardStream,
} from "./log/dashboard/dashboard-record.ts";
export {
  pipelineEvents,
  watchPipelineEvents,
  type PipelineEventOptions,
} from "./log/pipeline-events.ts";
export { createTrainBackend, type MilesBackend } from "./train-backend.ts";
export type { MilesSettings } from "./train/settings.ts";
export type { MilesTrainRequest, MilesTrainResult } from "./train/train-request.ts";
export { readRolloutDump, type RolloutDump } from "./dump/read-dump.ts";
export { findDumps, type DumpFile } from "./dump/find-dumps.ts";
export { rewardOf, sampleFaults, type DumpSample } from "./dump/dump-sample.ts";
export { groupsOf, summarizeDump, type DumpSummary } from "./dump/dump-summary.ts";
export { debugMiles } from "./debug/debug-run.ts";
export {
  DEBUG_MODES,
  type DebugMode,
  type DebugRequest,
  type DebugResult,
  type DebugRollout,
} from "./debug/debug-request.ts";
