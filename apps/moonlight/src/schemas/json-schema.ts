import { closest, UsageError } from "@moonlight-rl/core";
import { outputJsonSchema } from "@moonlight-rl/pipeline";
import { lineSchema, schemaNames } from "./line-schemas.ts";

export { schemaNames } from "./line-schemas.ts";

/** The published schema of a command's `--json`. Errors: `SCHEMA_UNKNOWN`. */
export async function jsonSchemaOf(name: string): Promise<object> {
  const schema = await lineSchema(name);
  if (schema === undefined) {
    const near = closest(name, await schemaNames());
    throw new UsageError("SCHEMA_UNKNOWN", `There is no schema "${name}".`, {
      field: "command",
      hint: near === undefined ? "moonlight schema lists them." : `Did you mean "${near}"?`,
    });
  }
  return {
    title: `moonlight ${name.replace("-", " ")} --json`,
    description: "One line of the output: JSON objects, one a line.",
    ...outputJsonSchema(schema),
  };
}
