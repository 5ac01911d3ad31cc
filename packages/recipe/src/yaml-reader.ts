import { createRequire } from "node:module";
import type * as Yaml from "yaml";

const require = createRequire(import.meta.url);

/** The YAML reader, loaded on first use: most commands read no YAML, and start sooner without it. */
export function yamlReader(): typeof Yaml {
  return require("yaml") as typeof Yaml;
}
