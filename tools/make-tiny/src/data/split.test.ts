import { describe, expect, it } from "vitest";
import { datasetFiles } from "./datasets.ts";
import { mistake } from "./mistake.ts";
import { pretrainingRows } from "./pretraining.ts";
import { question, solution, type Problem } from "./problem.ts";
import { Random } from "./random.ts";
import { splitProblems } from "./split.ts";

const pairOf = ({ a, b }: Problem): string => [a, b].sort((x, y) => x - y).join(",");

describe("splitProblems", () => {
  const split = splitProblems(17);

  it("gives the three purposes disjoint pairs of operands", () => {
    const [evaluation, training, pretraining] = [
      split.evaluation,
      split.training,
      split.pretraining,
    ].map((problems) => new Set(problems.map(pairOf)));
    expect(
      [...(evaluation ?? [])].filter((pair) => training?.has(pair) || pretraining?.has(pair)),
    ).toEqual([]);
    expect([...(training ?? [])].filter((pair) => pretraining?.has(pair))).toEqual([]);
    expect(split.evaluation).toHaveLength(500);
    expect(split.training.length).toBeGreaterThan(4000);
  });

  it("holds no problem twice", () => {
    const all = [...split.evaluation, ...split.training, ...split.pretraining].map(question);
    expect(new Set(all).size).toBe(all.length);
  });

  it("is independent of the answer: evaluation answers are spread like all answers", () => {
    const share = (problems: readonly Problem[], digit: number): number =>
      problems.filter((p) => solution(p) % 10 === digit).length / problems.length;
    for (let digit = 0; digit < 10; digit++)
      expect(Math.abs(share(split.evaluation, digit) - share(split.training, digit))).toBeLessThan(
        0.06,
      );
  });

  it("is a function of the seed", () => {
    expect(splitProblems(17)).toEqual(split);
    expect(splitProblems(18)).not.toEqual(split);
    expect(datasetFiles(17)).toEqual(datasetFiles(17));
  });
});

describe("pre-training rows", () => {
  it("contain the wanted share of mistakes, all of them wrong", () => {
    const rows = pretrainingRows({ seed: 1, rows: 4000, mistakeShare: 0.3 });
    const wrong = rows.filter(({ prompt, response }) => {
      const [, a, operator, b] = /^(\d+) ([+-]) (\d+) = \?$/.exec(prompt) ?? [];
      return (
        response !== `\\boxed{${operator === "+" ? Number(a) + Number(b) : Number(a) - Number(b)}}`
      );
    });
    expect(wrong.length / rows.length).toBeCloseTo(0.3, 1);
  });

  it("never call a right answer a mistake", () => {
    const random = new Random("test");
    for (const problem of splitProblems(3).pretraining.slice(0, 500)) {
      const value = mistake(problem, random);
      expect(value).not.toBe(solution(problem));
      expect(value).toBeGreaterThanOrEqual(0);
    }
  });
});
