export { fetch, fetchAssets } from "./stage.ts";
export type { Assets, FetchInput } from "./input.ts";
export { checkDataset } from "./content/check-dataset.ts";
