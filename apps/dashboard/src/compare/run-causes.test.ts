import type { Cause } from "@moonlight-rl/pipeline";
import { expect, it } from "vitest";
import { firstCause, runCauses } from "./run-causes.ts";

const cause = (stage: string, kind: Cause["kind"], what: string): Cause => ({
  stage,
  kind,
  what,
  before: "1",
  now: "2",
});
const field = (name: string, value: number, source: string) => ({ field: name, value, source });

it("names the fields of the recipe where its inputs stood", () => {
  const causes = runCauses(
    [
      cause("fetch", "input", "commit"),
      cause("rollout-config", "input", "set[0]"),
      cause("rollout-config", "input", "set[1]"),
      cause("train", "outcome", "checkpoint"),
    ],
    [field("seed", 1, "profile tiny"), field("lr", 3, "profile tiny")],
    [field("seed", 2, "--set seed=2"), field("lr", 3, "profile tiny")],
  );
  expect(causes.map(({ kind, what }) => `${kind} ${what}`)).toEqual([
    "data commit",
    "recipe seed",
    "environment checkpoint",
  ]);
  expect(causes[1]).toMatchObject({
    before: "1",
    now: "2",
    source: "profile tiny → --set seed=2",
  });
});

it("leaves the inputs as they are where a recipe is not there, and takes a missing stage last", () => {
  const found = [cause("export", "missing", "export"), cause("rollout-config", "input", "seed")];
  const causes = runCauses(found, [], []);
  expect(causes.map(({ kind }) => kind)).toEqual(["missing", "input"]);
  expect(firstCause(causes)?.kind).toBe("input");
  expect(firstCause(causes.slice(0, 1))?.kind).toBe("missing");
});
