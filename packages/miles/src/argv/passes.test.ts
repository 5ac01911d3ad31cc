import { describe, expect, it } from "vitest";
import { flagTable } from "./flag-table.ts";
import { PASSES } from "./passes.ts";

const steps = PASSES.flatMap(({ stage, steps: own }) => own.map((step) => ({ stage, step })));

describe("PASSES", () => {
  it("has unique, kebab-case ids", () => {
    const ids = steps.map(({ step }) => step.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const id of ids) expect(id).toMatch(/^[a-z]+\d*(-[a-z0-9]+)*$/);
  });

  it("names flags that exist and lines of the reference", () => {
    const { bySpelling } = flagTable("full");
    for (const { step } of steps) {
      expect(step.at, step.id).toMatch(/^[a-z_/]+\.py:\d+$/);
      const unknown = step.flags.filter((flag) => !bySpelling.has(flag));
      expect(unknown, step.id).toEqual([]);
    }
  });

  it("ends every reason without, every fix with a full stop", () => {
    for (const { step } of steps) {
      expect(step.reason ?? "x", step.id).toMatch(/[^.]$/);
      if (step.kind === "rule") expect(step.fix, step.id).toMatch(/\.$/);
    }
  });

  /** Update with `npx vitest run --root packages/miles -u`. */
  it("is what ARGV-RULES.md says", async () => {
    const rules = steps.flatMap(({ stage, step }) =>
      step.kind === "rule"
        ? [`- **${step.id}** (${stage}, ${code(step.at)}): ${step.reason}. ${step.fix}`]
        : [],
    );
    const overrides = steps.flatMap(({ stage, step }) =>
      step.kind === "override" && step.reason !== null
        ? [`- **${step.id}** (${stage}, ${code(step.at)}): ${step.reason}.`]
        : [],
    );
    const page = [
      "# What miles refuses, and what it replaces",
      "",
      "Generated from the rules and checked by their tests. In the reference's order: the first broken rule is the only",
      "one that it reports. Lines are those of miles 06286243 and its Megatron-LM fork.",
      "",
      "## Refusals",
      "",
      ...rules,
      "",
      "## Silent replacements",
      "",
      ...overrides,
      "",
    ].join("\n");
    await expect(page).toMatchFileSnapshot("../../ARGV-RULES.md");
  });
});

function code(text: string): string {
  return `\`${text}\``;
}
