export { checkStageContract } from "./contract-check.ts";
export { helpJson } from "./help-json.ts";
export { withStage, type Files, type StageKit } from "./stage-kit.ts";
