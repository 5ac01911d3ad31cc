import { createRequire } from "node:module";
import type * as Yaml from "yaml";

const require = createRequire(import.meta.url);

/** `parseDocument` of the YAML reader, which is loaded on first use: most commands read no YAML, and start sooner. */
export function parseYamlDocument(
  ...args: Parameters<typeof Yaml.parseDocument>
): ReturnType<typeof Yaml.parseDocument> {
  return (require("yaml") as typeof Yaml).parseDocument(...args);
}
