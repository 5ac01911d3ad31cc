import type { HfConfig } from "@moonlight-rl/model";
import { Tape } from "../autodiff/tape.ts";
import { absorbAttention, type AbsorbedAttention } from "../model/attention.ts";
import { GraphParameters } from "../model/parameters.ts";
import { Graph, type Value } from "../onnx/graph.ts";
import { Session, tensor, type Tensors } from "../onnx/session.ts";
import type { ModelSession } from "../engine/graphs.ts";
import type { ParameterLayout } from "../engine/types.ts";

/** Names of the absorbed weights of one layer, and the rows and columns of each. */
function absorbedShapes(config: HfConfig): (readonly [keyof AbsorbedAttention, number, number])[] {
  const {
    hidden_size: hidden,
    num_attention_heads: heads,
    kv_lora_rank: latent,
    qk_rope_head_dim: rope,
    q_lora_rank: rank,
  } = config;
  const queries = heads * (latent + rope);
  return [
    ["input", (rank ?? queries) + rope + latent, hidden],
    ...(rank == null ? [] : ([["query", queries, rank]] as const)),
    ["output", heads * latent, hidden],
  ];
}

/** Arrays for what {@link absorbSession} makes, which `packWeights` reads. */
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
): Promise<ModelSession> {
  const tape = new Tape(new Graph());
  const parameters = new GraphParameters(tape, layout);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const weights = absorbAttention(tape, config, parameters, `model.layers.${layer}.self_attn`);
    for (const [name, value] of Object.entries(weights) as [string, Value][])
      tape.graph.output(`${name}/${layer}`, value);
  }
  return { session: await Session.create(tape.graph, 1), parameters, metrics: [] };
}
