import type { RecipeField } from "./field.ts";

/** One field for documentation: type, values of the profiles, meaning, flag, source. */
export function fieldLine(
  { path, type, description, facts }: RecipeField,
  [tiny = "", moonlight = ""]: readonly string[],
): string {
  const kind = facts.unit === undefined ? type : `${type}, ${facts.unit}`;
  const value = tiny === moonlight ? `\`${tiny}\`` : `\`${tiny}\`, \`${moonlight}\``;
  const flag = [facts.flag, facts.negative].filter((name) => name !== undefined).join(" / ");
  const said = flag === "" ? "" : ` miles: \`${flag}\``;
  const usual =
    facts.usual === undefined || flag === "" ? "" : `, untold \`${short(facts.usual)}\``;
  const source = facts.source === undefined ? "" : ` [${facts.source}]`;
  return `- **${path}** (${kind}; ${value}): ${description}${said}${said === "" ? "" : `${usual}.`}${source}`;
}

/** A value on one line, long ones cut. */
export function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 40)}…` : text;
}
