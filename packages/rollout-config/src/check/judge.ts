import { UsageError, type Emit } from "@moonlight-rl/core";
import type { Finding } from "@moonlight-rl/recipe";

/** Tells warnings and notes as events; errors end the stage, all of them in one message. */
export function judge(findings: readonly Finding[], emit: Emit): void {
  for (const finding of findings) {
    const message = `${finding.field}: ${finding.reason}`;
    if (finding.severity === "warning") {
      const text = `${message} (rule ${finding.rule})`;
      emit({ type: "warning", code: "RECIPE_RULE", message: text, hint: finding.fix });
    } else if (finding.severity === "note") {
      emit({ type: "log", message: `note: ${message} (${finding.rule})` });
    }
  }
  const errors = findings.filter((finding) => finding.severity === "error");
  const first = errors[0];
  if (first === undefined) return;
  const lines = errors.map((e) => `${e.field}: ${e.reason} (rule ${e.rule})`);
  throw new UsageError("RECIPE_RULE", lines.join("\n"), {
    field: first.field,
    hint: errors.map((error) => error.fix).join(" "),
  });
}
