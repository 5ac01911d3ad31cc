export { checkStageContract } from "./contract-check.ts";
export { withStage, type Files, type StageKit } from "./stage-kit.ts";
