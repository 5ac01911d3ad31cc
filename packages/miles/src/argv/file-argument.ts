import { yamlReader } from "@moonlight-rl/recipe";
import type { Violation } from "./step.ts";
import type { World } from "./world.ts";

/** A YAML file named by a flag, or given inline after `base64:`. */
export type FileArgument =
  | {
      readonly kind: "data";
      readonly data: unknown;
      /** Whether all names at the root are texts; YAML also allows `1:` and `yes:`. */
      readonly plainKeys: boolean;
    }
  /** Nothing is known about the file; rules about its content are silent. */
  | { readonly kind: "unknown" }
  | { readonly kind: "fault"; readonly fault: Violation };

/** Reads what a flag points at as the reference does: a path, or `base64:` and the text itself. */
export function readFileArgument(value: string, world: World): FileArgument {
  const inline = value.startsWith("base64:");
  if (!inline && world.files.kind(value) === "absent") {
    return { kind: "fault", fault: { outside: "pathlib", reason: `${value} does not exist` } };
  }
  if (!inline && world.files.kind(value) === "directory") {
    return { kind: "fault", fault: { outside: "pathlib", reason: `${value} is a folder` } };
  }
  const payload = value.slice("base64:".length);
  if (inline && (payload.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(payload))) {
    return { kind: "fault", fault: { outside: "base64", reason: "the inline text is not base64" } };
  }
  const text = inline ? Buffer.from(payload, "base64").toString("utf8") : world.files.read(value);
  if (text === undefined) return { kind: "unknown" };
  try {
    const { parse } = yamlReader();
    const root: unknown = parse(text, { version: "1.1", mapAsMap: true });
    const plainKeys =
      !(root instanceof Map) || [...root.keys()].every((key) => typeof key === "string");
    return { kind: "data", data: parse(text, { version: "1.1" }), plainKeys };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    return { kind: "fault", fault: { outside: "yaml", reason: `not YAML: ${reason}` } };
  }
}
