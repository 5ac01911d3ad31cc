import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compareCase } from "./compare-case.ts";
import { readCaseBase, readReferenceCase, type ReferenceCase } from "./reference-case.ts";

const golden = (name: string): Buffer =>
  readFileSync(new URL(`../../golden/${name}`, import.meta.url));

const base = readCaseBase(
  golden("recipe-base-argv.json").toString(),
  golden("recipe-hf-config.json").toString(),
);

const recorded = (name: string): ReferenceCase[] =>
  gunzipSync(golden(name)).toString().trim().split("\n").map(readReferenceCase);
const cases = recorded("recipe-cases.jsonl.gz");

function changed(testCase: ReferenceCase, change: Partial<ReferenceCase>): string[] {
  return compareCase({ ...testCase, ...change }, base);
}

describe("compareCase", () => {
  it("agrees with the reference on every recorded case", () => {
    expect(cases).toHaveLength(949);
    const differing = cases.flatMap((testCase) =>
      compareCase(testCase, base).map((text) => `${testCase.id} ${text}`),
    );
    expect(differing).toEqual([]);
  });

  it("agrees on a choice of those that `npm run interop -- recipe` generates", () => {
    const generated = recorded("recipe-live-cases.jsonl.gz");
    expect(generated.length).toBeGreaterThan(314);
    const differing = generated.flatMap((testCase) =>
      compareCase(testCase, base).map((text) => `${testCase.id} ${text}`),
    );
    expect(differing).toEqual([]);
  });

  it("notices another outcome, site, stage or value", () => {
    const accepted = cases.find(({ outcome }) => outcome === "accept") as ReferenceCase;
    const rejected = cases.find(({ raised_at: at }) => typeof at === "string") as ReferenceCase;
    expect(changed(accepted, { outcome: "reject" })[0]).toMatch(/^outcome/);
    expect(changed(accepted, { resolved: { bf16: "no" } })[0]).toMatch(/^bf16/);
    expect(changed(rejected, { outcome: "accept" })[0]).toMatch(/^outcome/);
    expect(changed(rejected, { stage: "nowhere" })[0]).toMatch(/^stage/);
    expect(changed(rejected, { raised_at: "elsewhere.py:1" })[0]).toMatch(/^raised at/);
  });
});
