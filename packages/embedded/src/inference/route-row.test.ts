import { describe, expect, it } from "vitest";
import { tinyConfig } from "../testing/tiny.ts";
import { RowRouter } from "./route-row.ts";

/** Routes logits with a bias of zeros but for `bias`. */
function route(
  changes: Readonly<Record<string, unknown>>,
  logits: readonly number[],
  bias: readonly number[] = logits.map(() => 0),
): { chosen: number[]; weights: number[] } {
  const router = new RowRouter(tinyConfig({ n_routed_experts: logits.length, ...changes }));
  router.route(Float32Array.from([...logits, ...bias]), 0, logits.length);
  return { chosen: [...router.chosen], weights: [...router.weights] };
}

describe("RowRouter", () => {
  it("takes the largest scores with bias, and weights them without", () => {
    const { chosen, weights } = route({}, [0, 1, -1, 0.5], [0, 0, 5, 0]);
    expect(chosen).toEqual([2, 1]);
    const [low, high] = [1 / (1 + Math.E), 1 / (1 + Math.exp(-1))];
    expect(weights[0]).toBeCloseTo((1.5 * low) / (low + high), 6);
    expect(weights[1]).toBeCloseTo((1.5 * high) / (low + high), 6);
  });

  it("takes the first among equals", () => {
    expect(route({}, [0, 0, 0, 0]).chosen).toEqual([0, 1]);
    expect(route({ num_experts_per_tok: 4 }, [0, 1, 0, 1]).chosen).toEqual([1, 3, 0, 2]);
  });

  it("stays within the groups whose best two are best together", () => {
    const groups = { n_group: 2, topk_group: 1 };
    expect(route(groups, [3, -9, -9, 1, 1, 1]).chosen).toEqual([3, 4]);
    expect(route(groups, [3, 3, -9, 1, 1, 1]).chosen).toEqual([0, 1]);
  });

  it("does not divide the only expert's weight by itself", () => {
    const { weights } = route({ num_experts_per_tok: 1 }, [0, -1, -1, -1]);
    expect(weights).toEqual([0.75]);
  });
});
