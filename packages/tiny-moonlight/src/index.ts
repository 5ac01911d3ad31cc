export { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "./assets.ts";
export { loadProvenance, type AssetDigest, type Provenance } from "./provenance.ts";
