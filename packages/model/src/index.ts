export { hfConfigSchema, parseHfConfig, type HfConfig } from "./hf-config.ts";
