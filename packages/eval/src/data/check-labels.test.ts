import { describe, expect, it } from "vitest";
import type { EventInput } from "@moonlight-rl/core";
import { checkLabels } from "./check-labels.ts";

const problem = (label: string | number) => [{ index: 4, row: 4, prompt: "?", label, digest: "" }];

describe("checkLabels", () => {
  it("names the problem whose label the grader refuses, before anything is sampled", () => {
    expect(() => checkLabels(problem("x"), { rmType: "dapo" }, () => undefined)).toThrow(
      expect.objectContaining({
        code: "EVAL_DATA_INVALID",
        message: expect.stringContaining("Problem 5") as string,
      }),
    );
    expect(() => checkLabels(problem("x"), { rmType: "mathh" }, () => undefined)).toThrow(
      expect.objectContaining({ code: "GRADER_UNKNOWN" }),
    );
  });

  it("warns of labels that can never be right", () => {
    const events: EventInput[] = [];
    checkLabels(problem(0), { rmType: "math" }, (event) => events.push(event));
    checkLabels(problem("0"), { rmType: "math" }, (event) => events.push(event));
    checkLabels(problem(0), { rmType: "deepscaler" }, (event) => events.push(event));
    expect(events).toMatchObject([{ type: "warning", code: "EVAL_LABEL_FALSY" }]);
  });
});
