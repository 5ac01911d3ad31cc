import { fileURLToPath } from "node:url";

/** The folder with the bundled repositories, in the layout that `moonlight hub serve` serves. */
export const assetsDirectory: string = fileURLToPath(new URL("../assets", import.meta.url));

/** Hub ids of what is in it. */
export const MODEL = "moonlight-rl/tiny-moonlight";
export const PROMPT_DATA = "moonlight-rl/tiny-dapo-math";
export const EVAL_DATA = "moonlight-rl/tiny-aime";
