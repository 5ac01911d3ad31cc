export { renderArgv } from "./render-argv.ts";
export { modelArgs } from "./model-args.ts";
export { duplicateFlags, type DuplicateFlag } from "./duplicate-flags.ts";
