import type { HfConfig } from "@moonlight-rl/model";
import { attend } from "../autodiff/attend.ts";
import { embed, selectRows } from "../autodiff/gather.ts";
import { add, matmul } from "../autodiff/linear.ts";
import { rmsNorm } from "../autodiff/norm.ts";
import type { RotaryAngles } from "../autodiff/rotary.ts";
import { reshape } from "../autodiff/shape.ts";
import type { Tape } from "../autodiff/tape.ts";
import type { Value } from "../onnx/graph.ts";
import { absorbAttention, projectAttention } from "./attention.ts";
import { mlp } from "./mlp.ts";
import type { GraphParameters } from "./parameters.ts";

/** The inputs of a graph over B rows of T tokens; N = B·T. */
export interface TransformerInputs {
  /** int64 [N] */
  readonly tokens: Value;
  readonly angles: RotaryAngles;
  /** [B, T, T]: 0 where a token (second axis) may attend to another (third), else very negative. */
  readonly mask: Value;
  /** int64 [U]: the tokens whose next-token distribution is wanted, as distinct indices into N. */
  readonly selected: Value;
}

export function transformerInputs(tape: Tape, config: HfConfig): TransformerInputs {
  const { graph } = tape;
  return {
    tokens: graph.input("tokens", ["N"], "int64"),
    angles: {
      positions: graph.input("positions", ["N", 1], "int64"),
      cos: graph.input("cos", ["P", config.qk_rope_head_dim / 2]),
      sin: graph.input("sin", ["P", config.qk_rope_head_dim / 2]),
    },
    mask: graph.input("mask", ["B", "T", "T"]),
    selected: graph.input("selected", ["U"], "int64"),
  };
}

/** The whole model over packed rows: logits [U, vocab]. The last layer's feed-forward part runs for the selected tokens only. */
export function transformer(
  tape: Tape,
  config: HfConfig,
  parameters: GraphParameters,
  inputs: TransformerInputs,
): Value {
  const { rms_norm_eps: epsilon, num_hidden_layers: layers } = config;
  const attention = attentionOverRows(tape, config, inputs.mask);
  let x = embed(tape, parameters.get("model.embed_tokens.weight"), inputs.tokens);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const norm = (value: Value, name: string): Value =>
      rmsNorm(tape, value, parameters.get(`${prefix}.${name}.weight`), epsilon);
    const weights = absorbAttention(tape, config, parameters, `${prefix}.self_attn`);
    const { query, key, latent } = projectAttention(
      tape,
      config,
      parameters,
      `${prefix}.self_attn`,
      norm(x, "input_layernorm"),
      weights,
      inputs.angles,
    );
    x = add(tape, x, matmul(tape, attention(query, key, latent), weights.output));
    if (layer === layers - 1) x = selectRows(tape, x, inputs.selected);
    x = add(tape, x, mlp(tape, config, parameters, layer, norm(x, "post_attention_layernorm")));
  }
  return languageHead(tape, config, parameters, x);
}

/** Final norm and vocabulary: x [U, hidden] → [U, vocab]. */
function languageHead(tape: Tape, config: HfConfig, parameters: GraphParameters, x: Value): Value {
  const gain = parameters.get("model.norm.weight");
  const head = config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  return matmul(tape, rmsNorm(tape, x, gain, config.rms_norm_eps), parameters.get(head), {
    transB: true,
  });
}

/** Attention among the tokens of each row; all heads share the keys, so a row's queries are T·heads long. */
function attentionOverRows(
  tape: Tape,
  config: HfConfig,
  mask: Value,
): (query: Value, key: Value, latent: Value) => Value {
  const { graph } = tape;
  const { num_attention_heads: heads, kv_lora_rank: latentDims, qk_rope_head_dim: rope } = config;
  const dims = latentDims + rope;
  const rows = graph.node("Shape", [mask], [1], {
    type: "int64",
    attributes: { start: 0, end: 1 },
  });
  const perRow = (columns: number): Value =>
    graph.node("Concat", [rows, graph.ints([-1]), graph.ints([columns])], [3], {
      type: "int64",
      attributes: { axis: 0 },
    });
  const [dimsPerRow, latentPerRow] = [perRow(dims), perRow(latentDims)];
  // [B, T, T] → [B, T·heads, T]: every head of a token sees what the token sees.
  const columns = graph.node("Shape", [mask], [1], {
    type: "int64",
    attributes: { start: 2, end: 3 },
  });
  const byHead = graph.node(
    "Concat",
    Array.from({ length: heads }, () => mask),
    ["B", "T", "T*heads"],
    { attributes: { axis: 2 } },
  );
  const maskPerHead = graph.node(
    "Reshape",
    [
      byHead,
      graph.node("Concat", [rows, graph.ints([-1]), columns], [3], {
        type: "int64",
        attributes: { axis: 0 },
      }),
    ],
    ["B", "T*heads", "T"],
  );

  return (query, key, latent) => {
    const q = reshape(tape, query, ["B", "T*heads", dims], dimsPerRow);
    const k = reshape(tape, key, ["B", "T", dims], dimsPerRow);
    const v = reshape(tape, latent, ["B", "T", latentDims], latentPerRow);
    return reshape(
      tape,
      attend(tape, q, k, v, maskPerHead),
      ["N", heads * latentDims],
      undefined,
      () => latentPerRow,
    );
  };
}
