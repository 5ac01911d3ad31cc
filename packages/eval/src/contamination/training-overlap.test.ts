import { describe, expect, it } from "vitest";
import { makeProblem } from "../data/problem.ts";
import { TrainingOverlap, type Overlap } from "./training-overlap.ts";

const BOILERPLATE = "Solve the following math problem step by step and put the answer into a box.";
const QUESTIONS = [
  "Find the number of ordered pairs (a, b) of integers such that a^2 + b^2 < 50 holds for both.",
  "A train leaves the station at noon and travels sixty miles an hour towards the other town far away.",
  "Every morning Aya goes for a nine kilometre walk and stops at a coffee shop afterwards for some time.",
  "47 + 38 = ?",
  "Let ABC be a triangle inscribed in a circle; the tangents at B and C meet at the point D outside.",
];

function overlap(training: readonly string[]): Overlap {
  const problems = QUESTIONS.map((question, i) =>
    makeProblem(
      i,
      i,
      [
        { role: "system", content: "x" },
        { role: "user", content: `${BOILERPLATE}\n${question}` },
      ],
      "1",
    ),
  );
  const found = new TrainingOverlap(problems);
  for (const prompt of training) found.see(prompt);
  return found.result();
}

describe("training prompts", () => {
  it("that are a problem are found whatever their case, spaces and punctuation", () => {
    const { exact, overlapping, trainingPrompts } = overlap([
      `${BOILERPLATE.toUpperCase()}  ${QUESTIONS[1]?.replaceAll(" ", "\n")}!!`,
      `${BOILERPLATE} 47 + 38 = ?`,
      `${BOILERPLATE} 47 - 38 = ?`,
    ]);
    expect(exact).toEqual([1, 3]);
    expect(overlapping).toEqual([]);
    expect(trainingPrompts).toBe(3);
  });

  it("that have most of a problem's text are found, with how much", () => {
    const { exact, overlapping } = overlap([
      `Consider this. ${QUESTIONS[4]} Find the length of AD.`,
      `${BOILERPLATE} ${QUESTIONS[2]?.split(" ").slice(0, 10).join(" ")} and comes home.`,
    ]);
    expect(exact).toEqual([]);
    expect(overlapping.map(({ problem }) => problem)).toEqual([4]);
    expect(overlapping[0]?.share).toBeGreaterThan(0.7);
    expect(overlapping[0]?.share).toBeLessThanOrEqual(1);
  });

  it("that share the instructions only are none", () => {
    expect(overlap([`${BOILERPLATE} Something else altogether.`, BOILERPLATE])).toMatchObject({
      exact: [],
      overlapping: [],
    });
  });
});
