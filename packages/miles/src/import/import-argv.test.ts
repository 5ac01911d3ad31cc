import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { describe, expect, it } from "vitest";
import { parseArgv } from "../argv/parse-argv.ts";
import { caseArgv, readReferenceCase, type CaseBase } from "../interop/reference-case.ts";
import { renderArgv } from "../render-argv.ts";
import { importArgv, renderImported } from "./import-argv.ts";

/** All of them with MOONLIGHT_DEEP=1, as `npm run check:deep` does. */
const EVERY = process.env["MOONLIGHT_DEEP"] === "1" ? 1 : 5;

const golden = (name: string): Buffer =>
  readFileSync(new URL(`../../golden/${name}`, import.meta.url));
const base = JSON.parse(golden("recipe-base-argv.json").toString()) as CaseBase;
const moonlight = renderArgv(
  resolveRecipe({ profile: "moonlight-16b-a3b" }).recipe,
  MOONLIGHT_16B_A3B,
);

describe("importArgv", () => {
  it("finds the profile in the argv that it renders", () => {
    const { overrides, extra, omitted, lost } = importArgv(moonlight, MOONLIGHT_16B_A3B);
    expect({ overrides, extra, omitted, lost }).toEqual({
      overrides: { profile: "moonlight-16b-a3b" },
      extra: [],
      omitted: [],
      lost: [],
    });
  });

  it("says changed fields, keeps unknown flags in their spelling, and leaves out what was not said", () => {
    const argv = [
      ...moonlight.filter((arg) => arg !== "--balance-data"),
      "--lr=2e-6",
      "--moe-router-dtype",
      "fp64",
      "--timing-log-level",
      "2",
    ];
    const at = argv.indexOf("--num-steps-per-rollout");
    argv.splice(at, 2);
    const imported = importArgv(argv, MOONLIGHT_16B_A3B);
    expect(imported.recipe.optimizer.lr).toBe(2e-6);
    expect(imported.recipe.rollout.balanceData).toBe(false);
    expect(imported.extra).toEqual(["--moe-router-dtype", "fp64", "--timing-log-level", "2"]);
    expect(imported.omitted).toEqual(["--num-steps-per-rollout"]);
    expect(imported.lost).toEqual([]);
  });

  it("renders an unedited recipe byte for byte, and an edited one anew", () => {
    const argv = ["--lr=5e-7", ...moonlight, "--use-tis"];
    const { recipe, record } = importArgv(argv, MOONLIGHT_16B_A3B);
    expect(renderImported(recipe, MOONLIGHT_16B_A3B, record)).toEqual(argv);
    const edited = { ...recipe, seed: 7 };
    expect(renderImported(edited, MOONLIGHT_16B_A3B, record)).toEqual(
      renderArgv(edited, MOONLIGHT_16B_A3B),
    );
  });

  it("never keeps a secret", () => {
    const imported = importArgv([...moonlight, "--wandb-key", "s3cret"], MOONLIGHT_16B_A3B);
    expect(JSON.stringify(imported)).not.toContain("s3cret");
    expect(imported).toMatchObject({ secrets: ["--wandb-key"], lost: [] });
    expect(imported.record).toBeUndefined();
  });

  it("refuses what the reference's parser refuses", () => {
    expect(() => importArgv([...moonlight, "--lr", "fast"], MOONLIGHT_16B_A3B)).toThrow(
      expect.objectContaining({ code: "ARGV_INVALID", field: "--lr" }),
    );
  });

  it("loses nothing of the recorded configurations, after the reference's argparse", () => {
    const lines = gunzipSync(golden("recipe-cases.jsonl.gz")).toString().trim().split("\n");
    let imported = 0;
    for (const line of lines.filter((_, index) => index % EVERY === 0)) {
      const argv = caseArgv(readReferenceCase(line), base);
      const before = parseArgv(argv);
      if (before.fault !== undefined) continue;
      const { lost, secrets, recipe } = importArgv(argv, MOONLIGHT_16B_A3B);
      expect({ line: line.slice(0, 200), lost, secrets }).toMatchObject({ lost: [], secrets: [] });
      expect(parseArgv(renderArgv(recipe, MOONLIGHT_16B_A3B)).namespace).toEqual(before.namespace);
      imported++;
    }
    expect(imported).toBeGreaterThan(850 / EVERY);
  });
});
