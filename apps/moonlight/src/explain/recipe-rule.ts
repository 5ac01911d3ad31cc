import { wrapText } from "@moonlight-rl/core";
import { z } from "zod";

/** What is known of one rule about recipes beside the code that all of them have. */
export const ruleEntrySchema = z.object({
  id: z.string(),
  severity: z.enum(["error", "warning", "note"]),
  /** What the reference framework does about it. */
  reference: z.string(),
  /** The framework starts such a run without complaint. */
  beyondReference: z.boolean(),
});
export type RuleEntry = z.output<typeof ruleEntrySchema>;

/** The rule of that id, as errors and warnings with the code `RECIPE_RULE` name it. */
export async function findRule(text: string): Promise<RuleEntry | undefined> {
  const wanted = text.trim().toLowerCase().replaceAll("_", "-");
  if (!/^[a-z]+(?:-[a-z0-9]+)+$/.test(wanted)) return undefined;
  const { RULES } = await import("@moonlight-rl/recipe");
  const rule = RULES.find(({ id }) => id === wanted);
  if (rule === undefined) return undefined;
  const { id, severity, reference, beyondReference } = rule;
  return { id, severity, reference, beyondReference };
}

/** One rule, for people. */
export function ruleText(
  rule: RuleEntry,
  { width, bold }: { readonly width: number; readonly bold: (text: string) => string },
): string {
  const origin = rule.beyondReference ? "ours alone" : "the framework's as well";
  return [
    `${bold(rule.id)}  (rule about recipes: ${rule.severity}, ${origin})`,
    wrapText(`In the framework: ${rule.reference}`, { width }),
  ].join("\n\n");
}
