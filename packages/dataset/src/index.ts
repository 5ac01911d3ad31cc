export { readLines, type Line } from "./lines.ts";
export {
  labelOf,
  metadataOf,
  promptOf,
  readPromptRows,
  type PromptKeys,
  type PromptRow,
  type RowMessage,
  type RowPrompt,
} from "./prompt-rows.ts";
export { DATA_FILE, readRows, type ReadRowsOptions } from "./read-rows.ts";
export { ALL_ROWS, parseRowRange, type RowRange } from "./row-range.ts";
export { fieldOf, invalidRow, type Row, type RowPlace } from "./row.ts";
