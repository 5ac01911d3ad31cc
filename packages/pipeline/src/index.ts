export {
  artifact,
  isArtifact,
  type Artifact,
  type JsonObject,
} from "./artifact/artifact.ts";
export { adoptArtifact, type AdoptOptions } from "./artifact/adopt.ts";
export { readManifest, type Manifest, type ManifestFile } from "./artifact/manifest.ts";
export { verifyArtifact, type VerifyOptions } from "./artifact/verify.ts";
export { fromJson, toJson, type ArtifactReference } from "./artifact/reference.ts";
export { unkeyed } from "./schema/unkeyed.ts";
export {
  defineStage,
  type Stage,
  type StageDefinition,
  type StageInput,
  type StageOutput,
} from "./stage/define-stage.ts";
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
