import type { Value } from "../onnx/graph.ts";
import { zerosLike } from "../autodiff/shape.ts";
import type { Tape } from "../autodiff/tape.ts";

/** R tokens to score, each by one of U distributions over the vocabulary; several tokens may share one. */
export interface ScoredTokens {
  /** int64 [R]: which distribution. */
  readonly row: Value;
  /** int64 [R]: the token. */
  readonly target: Value;
  /** Scalar: logits are multiplied by it, 1 / temperature. */
  readonly inverseTemperature: Value;
}

export interface TokenScores {
  /** [R] */
  readonly logProbs: Value;
  /** [R]: entropy of the distribution that each token was drawn from. */
  readonly entropy: Value;
}

export function scoredTokenInputs(tape: Tape): ScoredTokens {
  const { graph } = tape;
  return {
    row: graph.input("row", ["R"], "int64"),
    target: graph.input("target", ["R"], "int64"),
    inverseTemperature: graph.input("inverseTemperature", []),
  };
}

/** Log-probs and entropies of tokens under logits [U, V]; both may be given gradients. */
export function tokenScores(tape: Tape, logits: Value, scored: ScoredTokens): TokenScores {
  const { graph } = tape;
  const { row, target, inverseTemperature } = scored;
  const [rows, vocabulary] = logits.shape as [string, number];
  const scaled = graph.node("Mul", [logits, inverseTemperature], logits.shape);
  const logSoftmax = graph.node("LogSoftmax", [scaled], logits.shape, { attributes: { axis: -1 } });
  const probabilities = graph.node("Exp", [logSoftmax], logits.shape);
  const multiply = (a: Value, b: Value, shape = logits.shape): Value =>
    graph.node("Mul", [a, b], shape);
  const sumRows = (x: Value): Value =>
    graph.node("ReduceSum", [x, graph.ints([-1])], [rows, 1], { attributes: { keepdims: 1 } });

  const start = graph.node("Mul", [row, graph.ints([vocabulary], [])], ["R"], { type: "int64" });
  const index = graph.node("Add", [start, target], ["R"], { type: "int64" });
  const flatten = (x: Value): Value =>
    graph.node("Reshape", [x, graph.ints([-1])], [`${rows}*${vocabulary}`]);
  const logProbs = graph.node("Gather", [flatten(logSoftmax), index], ["R"]);
  const rowEntropy = graph.node("Neg", [sumRows(multiply(probabilities, logSoftmax))], [rows, 1]);
  const entropy = graph.node("Gather", [flatten(rowEntropy), row], ["R"]);

  // Tokens may share a row, so gradients are added up; this node runs in order on one thread, hence is deterministic.
  const scatter = (into: Value, at: Value, updates: Value): Value =>
    graph.node("ScatterElements", [zerosLike(tape, flatten(into)), at, updates], [into.name], {
      attributes: { axis: 0, reduction: "add" },
    });
  tape.record([logits], [logProbs, entropy], ([dLogProbs, dEntropy]) => {
    let dScaled: Value | undefined;
    if (dLogProbs !== undefined) {
      const direct = graph.node(
        "Reshape",
        [scatter(logSoftmax, index, dLogProbs), graph.ints([-1, vocabulary])],
        logits.shape,
      );
      dScaled = graph.node("Sub", [direct, multiply(probabilities, sumRows(direct))], logits.shape);
    }
    if (dEntropy !== undefined) {
      const perRow = graph.node(
        "Reshape",
        [scatter(rowEntropy, row, dEntropy), graph.ints([-1, 1])],
        [rows, 1],
      );
      // dH/dlogit = −p·(log p + H)
      const centred = graph.node("Add", [logSoftmax, rowEntropy], logits.shape);
      const slope = multiply(
        multiply(probabilities, centred),
        graph.node("Neg", [perRow], [rows, 1]),
      );
      dScaled = dScaled === undefined ? slope : graph.node("Add", [dScaled, slope], logits.shape);
    }
    if (dScaled !== undefined) tape.add(logits, multiply(dScaled, inverseTemperature));
  });
  return { logProbs, entropy };
}
