import assert from "node:assert/strict";
import { test } from "node:test";
import { openGrading } from "@moonlight-rl/reward";
import { FORM_REWARD, grade } from "./index.ts";

test("right, wrong in a box, and no box", () => {
  assert.equal(grade({ response: "\\boxed{12}", label: "12" }).reward, 1);
  assert.deepEqual(grade({ response: "\\boxed{13}", label: "12" }), {
    reward: FORM_REWARD,
    outcome: "wrong",
    extracted: "13",
  });
  assert.equal(grade({ response: "It is 12.", label: "12" }).reward, 0);
  assert.equal(grade({ response: "\\boxed{1", label: "12", truncated: true }).outcome, "truncated");
});

test("by its name in a recipe, in the threads that train and eval grade in", async () => {
  const grading = openGrading({ rmType: "math", customRmPath: "@acme/shaped-reward#grade" });
  try {
    const grades = await grading.grade([
      { response: "\\boxed{12}", label: "12" },
      { response: "\\boxed{13}", label: "12" },
    ]);
    assert.deepEqual(
      grades.map(({ reward }) => reward),
      [1, FORM_REWARD],
    );
  } finally {
    await grading.close();
  }
});
