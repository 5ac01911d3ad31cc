export { datasetFiles, type AssetFile } from "./data/datasets.ts";
export { mistake } from "./data/mistake.ts";
export {
  boxed,
  pretrainingRows,
  type PretrainingOptions,
  type PretrainingRow,
} from "./data/pretraining.ts";
export { question, solution, type Problem } from "./data/problem.ts";
export { Random } from "./data/random.ts";
export { splitProblems, type Split } from "./data/split.ts";
export { CHAT_TEMPLATE, DEFAULT_SYSTEM_PROMPT } from "./tokenizer/chat-template.ts";
export { tokenizerFiles, VOCABULARY_SIZE } from "./tokenizer/tokenizer-files.ts";
export { writeAssets } from "./write-assets.ts";
