export { generateStage } from "./generate-stage.ts";
export type { StageOptions } from "./options.ts";
export type { FileTree } from "./file-tree.ts";
