import { describe, expect, it } from "vitest";
import { brokenEdges } from "./layers.ts";

describe("brokenEdges", () => {
  it("accepts edges that point down", () => {
    expect(
      brokenEdges([
        ["moonlight", "train"],
        ["train", "recipe"],
        ["embedded", "checkpoint"],
      ]),
    ).toEqual([]);
  });

  it("refuses a stage that uses a stage, and an edge that points up", () => {
    expect(
      brokenEdges([
        ["train", "eval"],
        ["core", "model"],
      ]),
    ).toEqual(["train → eval: eval is not below train", "core → model: model is not below core"]);
  });

  it("refuses packages without a layer and edges that the design forbids by name", () => {
    expect(
      brokenEdges([
        ["newcomer", "core"],
        ["pipeline", "recipe"],
      ]),
    ).toEqual([
      expect.stringContaining("newcomer is in no layer"),
      "pipeline → recipe: the stage contract knows no recipe",
    ]);
  });
});
