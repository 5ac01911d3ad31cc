export { renderArgv } from "./render-argv.ts";
export { modelArgs } from "./model-args.ts";
export { runtimeEnv } from "./runtime-env.ts";
export { duplicateFlags, type DuplicateFlag } from "./duplicate-flags.ts";
