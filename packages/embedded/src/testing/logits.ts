import type { HfConfig } from "@moonlight-rl/model";
import { Tape } from "../autodiff/tape.ts";
import { batchFeeds } from "../engine/batch.ts";
import { parameterLayout } from "../model/layout.ts";
import { GraphParameters } from "../model/parameters.ts";
import { RopeTable } from "../model/rope.ts";
import { transformer, transformerInputs } from "../model/transformer.ts";
import { Graph } from "../onnx/graph.ts";
import { floats, Session, tensor } from "../onnx/session.ts";

/** The logits after every token of a sequence, [tokens, vocab] row by row. */
export async function logitsOf(
  config: HfConfig,
  flat: Float32Array,
  tokens: readonly number[],
): Promise<Float32Array> {
  const tape = new Tape(new Graph());
  const parameters = new GraphParameters(tape, parameterLayout(config));
  const logits = transformer(tape, config, parameters, transformerInputs(tape, config));
  tape.graph.output("logits", logits);
  const session = await Session.create(tape.graph, 1);
  const rows = [{ prompt: tokens, samples: [], length: tokens.length }];
  const batch = batchFeeds({ rows, length: tokens.length }, [], new RopeTable(config));
  const { row: _row, target: _target, ...feeds } = batch.feeds;
  const every = tensor(BigInt64Array.from(tokens.keys(), BigInt), [tokens.length]);
  try {
    const outputs = await session.run(
      {
        ...parameters.feeds(flat),
        ...feeds,
        selected: every,
      },
      { logits: null },
    );
    return floats(outputs, "logits").slice();
  } finally {
    await session.close();
  }
}
