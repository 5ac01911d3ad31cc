import type { HfConfig } from "@moonlight-rl/model";
import { Tape } from "../autodiff/tape.ts";
import { absorbAttention, type AbsorbedAttention } from "../model/attention.ts";
import { decoder } from "../model/decoder.ts";
import { GraphParameters } from "../model/parameters.ts";
import { transformer, transformerInputs } from "../model/transformer.ts";
import { Graph, type Value } from "../onnx/graph.ts";
import { Session, tensor, type Tensors } from "../onnx/session.ts";
import type { ModelSession } from "./graphs.ts";
import type { ParameterLayout } from "./types.ts";

/** Names of the absorbed weights of one layer, and the rows and columns of each. */
function absorbedShapes(config: HfConfig): (readonly [keyof AbsorbedAttention, number, number])[] {
  const {
    hidden_size: hidden,
    num_attention_heads: heads,
    kv_lora_rank: latent,
    qk_rope_head_dim: rope,
    q_lora_rank: rank,
  } = config;
  const queries = heads * (latent + 2 * rope);
  return [
    ["input", (rank ?? queries) + 2 * rope + latent, hidden],
    ...(rank == null ? [] : ([["query", queries, rank]] as const)),
    ["output", heads * latent, hidden],
  ];
}

/** Arrays for what {@link absorbSession} makes, which {@link decodeSession} reads. */
export function absorbedTensors(config: HfConfig): Tensors {
  return Object.fromEntries(
    Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      absorbedShapes(config).map(([name, rows, columns]) => [
        `${name}/${layer}`,
        tensor(new Float32Array(rows * columns), [rows, columns]),
      ]),
    ).flat(),
  );
}

/** Weights → absorbed weights, `input/<layer>` and so on; once per change of weights. */
export async function absorbSession(
  config: HfConfig,
  layout: ParameterLayout,
  threads: number,
): Promise<ModelSession> {
  const tape = new Tape(new Graph());
  const parameters = new GraphParameters(tape, layout);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const weights = absorbAttention(tape, config, parameters, `model.layers.${layer}.self_attn`);
    for (const [name, value] of Object.entries(weights) as [string, Value][])
      tape.graph.output(`${name}/${layer}`, value);
  }
  return { session: await Session.create(tape.graph, threads), parameters, metrics: [] };
}

/** Prompts → `probabilities` after the selected tokens, and every token's `key/<layer>`. */
export async function prefillSession(
  config: HfConfig,
  layout: ParameterLayout,
  threads: number,
): Promise<ModelSession> {
  const tape = new Tape(new Graph());
  const parameters = new GraphParameters(tape, layout);
  const { logits, keys } = transformer(tape, config, parameters, transformerInputs(tape, config));
  tape.graph.output("probabilities", probabilities(tape, logits));
  keys.forEach((key, layer) => tape.graph.output(`key/${layer}`, key));
  return { session: await Session.create(tape.graph, threads), parameters, metrics: [] };
}

/** One token of B sequences → `probabilities` of the next, and the new `key/<layer>`. */
export async function decodeSession(
  config: HfConfig,
  layout: ParameterLayout,
  threads: number,
): Promise<ModelSession> {
  const tape = new Tape(new Graph());
  const { graph } = tape;
  const parameters = new GraphParameters(tape, layout);
  const rope = config.qk_rope_head_dim;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => layer);
  const { logits, keys } = decoder(tape, config, parameters, {
    tokens: graph.input("tokens", ["B"], "int64"),
    cos: graph.input("cos", ["B", rope]),
    sin: graph.input("sin", ["B", rope]),
    mask: graph.input("mask", ["B", 1, "S"]),
    caches: layers.map((layer) =>
      graph.input(`cache/${layer}`, ["B", "S", config.kv_lora_rank + rope]),
    ),
    weights: layers.map((layer) => {
      const inputs = absorbedShapes(config).map(([name, rows, columns]) => [
        name,
        graph.input(`${name}/${layer}`, [rows, columns]),
      ]);
      return Object.fromEntries(inputs) as AbsorbedAttention;
    }),
  });
  graph.output("probabilities", probabilities(tape, logits));
  keys.forEach((key, layer) => graph.output(`key/${layer}`, key));
  return { session: await Session.create(graph, threads), parameters, metrics: [] };
}

function probabilities(tape: Tape, logits: Value): Value {
  const { graph } = tape;
  const [rows] = logits.shape as [string];
  const factor = graph.input("inverseTemperature", [rows, 1]);
  const scaled = graph.node("Mul", [logits, factor], logits.shape);
  return graph.node("Softmax", [scaled], logits.shape, { attributes: { axis: -1 } });
}
