import { describe, expect, it } from "vitest";
import type { ReportData, ReportEvaluation, ReportSample } from "./report-data.ts";
import { reportPage } from "./report-page.ts";

const sample = (response: string, reward: number): ReportSample => ({
  step: 0,
  prompt: "1 + 1 = ?",
  response,
  label: "2",
  reward,
  outcome: reward > 0 ? "correct" : "no_answer",
});
const evaluation = (accuracy: number, samples: ReportSample[]): ReportEvaluation => ({
  accuracy,
  interval: [accuracy - 0.05, accuracy + 0.05],
  problems: 400,
  samplesPerProblem: 4,
  closedShare: 1,
  truncatedShare: 0,
  passAtK: {},
  samples,
});
const curve = [0, 1, 2].map((step) => ({ step, value: 0.3 + step / 10 }));
const artifact = (kind: string, digest: string) => ({ kind, digest, path: `store/${digest}` });
const data: ReportData = {
  run: "20261129-120000-abcd",
  pipeline: "moonlight",
  started: "2026-11-29T12:00:00.000Z",
  seconds: 100,
  environment: { node: "20.19.0", commit: "0123" },
  recipe: [{ field: "optimizer.lr", value: "0.001", source: "profile tiny" }],
  stages: [
    {
      name: "fetch",
      state: "reused",
      seconds: 1,
      inputs: [],
      artifacts: [{ ...artifact("hf-model", "aaaa"), origin: "org/name at 0123" }],
    },
    {
      name: "train",
      state: "ran",
      seconds: 9,
      inputs: [artifact("hf-model", "aaaa"), artifact("recipe", "from elsewhere")],
      artifacts: [artifact("torch-dist", "bbbb")],
    },
  ],
  evaluationName: "aime",
  base: evaluation(0.3, [sample("<script>alert(1)</script>", 0)]),
  trained: evaluation(0.7, [sample("\\boxed{2}", 1)]),
  comparison: { difference: 0.4, interval: [0.35, 0.45], pValue: 1e-9 },
  curves: new Map([
    ["rollout/raw_reward", curve],
    ["eval/aime", curve],
    ["rollout/response_len/mean", curve],
    ["train/kl_loss", curve],
    ["train/pg_clipfrac", curve],
  ]),
  rollouts: [sample("\\boxed{3}", 0)],
  warnings: [{ code: "REWARD_ALL_ZERO", message: "a & b" }],
};
const page = reportPage(data);

describe("the report", () => {
  it("asks nothing of any network and runs nothing that a model wrote", () => {
    expect(page).not.toMatch(/(?:src|href)="(?!#)/);
    expect(page).not.toMatch(/url\(|@import|<link|<iframe/);
    expect(page).not.toContain("<script>alert");
    expect(page).toContain("&lt;script&gt;alert(1)");
  });

  it("says what came out, with intervals, and what it was like", () => {
    expect(page).toContain("improved accuracy on aime: 30.0 % → 70.0 %");
    for (const part of [
      "95 % interval 25.0 % to 35.0 %",
      "+40.0 pp",
      "&lt; 0.0001",
      "optimizer.lr",
    ])
      expect(page).toContain(part);
    const titles = [
      "Reward",
      "Evaluation",
      "Response length",
      "KL to the reference",
      "Clip fraction",
    ];
    for (const title of titles) expect(page).toContain(`aria-label="${title}: from `);
    expect(page.match(/class="interval"/g)).toHaveLength(3);
    expect(page).toContain("was not recorded");
  });

  it("leads from what was made to what it was made from", () => {
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links).toEqual(["made-aaaa"]);
    expect(links.every((id) => ids.has(id))).toBe(true);
    expect(page).toContain("org/name at 0123");
    expect(page).toContain("from elsewhe");
  });

  it("can be read by those who do not see it", () => {
    expect(page).toContain('<html lang="en">');
    expect(page).not.toMatch(/<th(?! scope=)/);
    expect(page.match(/<h1/g)).toHaveLength(1);
    expect(page.match(/<svg(?![^>]*aria-label)/g)).toBeNull();
  });
});
