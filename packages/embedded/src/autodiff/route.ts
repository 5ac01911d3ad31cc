import type { Value } from "../onnx/graph.ts";
import type { Dispatch } from "./gather.ts";
import { rowDot } from "./linear.ts";
import { zerosLike } from "./shape.ts";
import type { Tape } from "./tape.ts";

export interface RouterSettings {
  /** Experts per token, K. */
  readonly topK: number;
  /** Divide the chosen scores by their sum. */
  readonly normalise: boolean;
  /** Factor on the result. */
  readonly scale: number;
  /** Equal groups that the experts form; 1: no groups. */
  readonly groups: number;
  /** Groups that a token may choose from: those whose best two experts are best together. */
  readonly topGroups: number;
}

export interface Routing extends Dispatch {
  /** Weight of each dispatched copy, [M, 1]. */
  readonly weight: Value;
  /** Copies per expert, int64 [E]. */
  readonly counts: Value;
}

/**
 * The sigmoid router with expert bias: the K experts of largest σ(logits) + bias, weighted by σ(logits) alone.
 * logits [N, E], bias [E]. Copies are laid out expert by expert, in token order within one.
 */
export function route(tape: Tape, logits: Value, bias: Value, settings: RouterSettings): Routing {
  const { graph } = tape;
  const { topK, scale } = settings;
  const [rows, experts] = logits.shape as [string, number];
  const copies = `${rows}*${topK}`;
  const scores = graph.node("Sigmoid", [logits], logits.shape);
  const [, index] = graph.multi(
    "TopK",
    [
      withinGroups(tape, graph.node("Add", [scores, bias], logits.shape), settings),
      graph.ints([topK]),
    ],
    [{ shape: [rows, topK] }, { shape: [rows, topK], type: "int64" }],
    { attributes: { axis: 1 } },
  ) as [Value, Value];
  const { source, destination, flat, order, counts } = countingSort(tape, index, experts, copies);

  const chosen = graph.node("GatherElements", [scores, index], [rows, topK], {
    attributes: { axis: 1 },
  });
  const sum = graph.node("ReduceSum", [chosen, graph.ints([1])], [rows, 1], {
    attributes: { keepdims: 1 },
  });
  // 1e-20 is what the reference implementation adds; it keeps an all-zero row finite.
  const divisor = settings.normalise
    ? graph.node("Add", [sum, graph.scalar(1e-20)], [rows, 1])
    : graph.scalar(1);
  const scaled = graph.node("Mul", [chosen, graph.scalar(scale)], [rows, topK]);
  const weights = graph.node("Div", [scaled, divisor], [rows, topK]);
  const column = graph.node("Reshape", [weights, graph.ints([-1, 1])], [copies, 1]);
  const weight = graph.node("Gather", [column, order], [copies, 1]);

  tape.record([logits], [weight], ([dy]) => {
    if (dy === undefined) return;
    const shape = [rows, topK];
    const dWeights = graph.node(
      "Reshape",
      [graph.node("Gather", [dy, flat], [copies, 1]), graph.ints([-1, topK])],
      shape,
    );
    const dScaled = graph.node("Mul", [dWeights, graph.scalar(scale)], shape);
    const centred = settings.normalise
      ? graph.node("Sub", [dScaled, rowDot(tape, dWeights, weights)], shape)
      : dScaled;
    const dChosen = graph.node("Div", [centred, divisor], shape);
    const dScores = graph.node(
      "ScatterElements",
      [zerosLike(tape, logits), index, dChosen],
      logits.shape,
      { attributes: { axis: 1 } },
    );
    const slope = graph.node(
      "Sub",
      [scores, graph.node("Mul", [scores, scores], logits.shape)],
      logits.shape,
    );
    tape.add(logits, graph.node("Mul", [dScores, slope], logits.shape));
  });
  return { weight, source, destination, counts };
}

/** Scores [N, E] with those of experts outside a token's groups made −∞. */
function withinGroups(tape: Tape, scores: Value, { groups, topGroups }: RouterSettings): Value {
  if (groups === 1 || topGroups === groups) return scores;
  const { graph } = tape;
  const [rows, experts] = scores.shape as [string, number];
  const size = experts / groups;
  const [best] = graph.multi(
    "TopK",
    [
      graph.node("Reshape", [scores, graph.ints([-1, groups, size])], [rows, groups, size]),
      graph.ints([2]),
    ],
    [{ shape: [rows, groups, 2] }, { shape: [rows, groups, 2], type: "int64" }],
    { attributes: { axis: 2 } },
  ) as [Value, Value];
  const groupScores = graph.node("ReduceSum", [best, graph.ints([2])], [rows, groups], {
    attributes: { keepdims: 0 },
  });
  const [, chosen] = graph.multi(
    "TopK",
    [groupScores, graph.ints([topGroups])],
    [{ shape: [rows, topGroups] }, { shape: [rows, topGroups], type: "int64" }],
    { attributes: { axis: 1 } },
  ) as [Value, Value];
  // [N, topGroups, G] → [N, G] of 0 and 1 → [N, E], each group's value for each of its experts.
  const kept = graph.node(
    "ReduceSum",
    [
      graph.node(
        "OneHot",
        [chosen, graph.ints([groups], []), graph.float([0, 1], [2])],
        [rows, topGroups, groups],
      ),
      graph.ints([1]),
    ],
    [rows, groups],
    { attributes: { keepdims: 0 } },
  );
  const perExpert = graph.node(
    "Reshape",
    [
      graph.node(
        "Expand",
        [
          graph.node("Unsqueeze", [kept, graph.ints([2])], [rows, groups, 1]),
          graph.ints([1, groups, size]),
        ],
        [rows, groups, size],
      ),
      graph.ints([-1, experts]),
    ],
    scores.shape,
  );
  const inside = graph.node("Cast", [perExpert], scores.shape, {
    type: "bool",
    attributes: { to: 9 },
  });
  return graph.node("Where", [inside, scores, graph.scalar(-Infinity)], scores.shape);
}

/** Stable order of copies by expert, from running counts: cheaper than a sort and the same on any number of threads. */
function countingSort(
  tape: Tape,
  index: Value,
  experts: number,
  copies: string,
): Dispatch & { readonly flat: Value; readonly order: Value; readonly counts: Value } {
  const { graph } = tape;
  const [rows, topK] = index.shape as [string, number];
  const int64 = { type: "int64" } as const;
  const expert = graph.node("Reshape", [index, graph.ints([-1])], [copies], int64);
  const oneHot = graph.node(
    "OneHot",
    [expert, graph.ints([experts], []), graph.float([0, 1], [2])],
    [copies, experts],
  );
  const running = graph.node("CumSum", [oneHot, graph.ints([0], [])], [copies, experts]);
  const total = graph.node("Gather", [running, graph.ints([-1], [])], [experts]);
  const starts = graph.node("CumSum", [total, graph.ints([0], [])], [experts], {
    attributes: { exclusive: 1 },
  });
  const offsets = graph.node("Sub", [starts, graph.scalar(1)], [experts]);
  const place = graph.node("Add", [running, offsets], [copies, experts]);
  const flatFloat = graph.node(
    "ReduceSum",
    [graph.node("Mul", [place, oneHot], [copies, experts]), graph.ints([1])],
    [copies],
    { attributes: { keepdims: 0 } },
  );
  const toInt64 = { type: "int64", attributes: { to: 7 } } as const;
  const flat = graph.node("Cast", [flatFloat], [copies], toInt64);
  const count = graph.node("Size", [flat], [], int64);
  const identity = graph.node(
    "Range",
    [graph.ints([0], []), count, graph.ints([1], [])],
    [copies],
    int64,
  );
  const order = graph.node("ScatterElements", [identity, flat, identity], [copies], {
    type: "int64",
    attributes: { axis: 0 },
  });
  return {
    flat,
    order,
    counts: graph.node("Cast", [total], [experts], toInt64),
    source: graph.node("Div", [order, graph.ints([topK], [])], [copies], int64),
    destination: graph.node("Reshape", [flat, graph.ints([-1, topK])], [rows, topK], int64),
  };
}
