import type { Tape } from "../autodiff/tape.ts";
import type { Value } from "../onnx/graph.ts";

/** Sums over the scored tokens of each sample of a micro-batch. */
export interface SampleSums {
  /** [R]: mask ÷ max(Σ mask, 1) within the token's sample. */
  readonly share: Value;
  /** Each token's Σ share·x over its own sample: [R] → [R]. */
  mean(x: Value): Value;
  /** Each token's Σ x over its own sample: [R] → [R]. */
  total(x: Value): Value;
}

export function sampleSums(tape: Tape): SampleSums {
  const { graph } = tape;
  const sample = graph.input("sample", ["R"], "int64");
  const share = graph.input("share", ["R"]);
  const count = graph.input("sampleCount", [1], "int64");
  const zeros = graph.node("Expand", [graph.scalar(0), count], ["samples"]);
  // In order on one thread, hence deterministic.
  const total = (x: Value): Value =>
    graph.node(
      "Gather",
      [
        graph.node("ScatterElements", [zeros, sample, x], ["samples"], {
          attributes: { axis: 0, reduction: "add" },
        }),
        sample,
      ],
      ["R"],
    );
  return { share, total, mean: (x) => total(graph.node("Mul", [share, x], ["R"])) };
}
