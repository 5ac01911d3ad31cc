import type { HfConfig } from "@moonlight-rl/model";
import { PANEL } from "../kernels/linear.ts";
import type { ParameterLayout } from "../engine/types.ts";
import { floats, type Tensors } from "../onnx/session.ts";
import type { Matrix, MlpPlan, ModelPlan, RoutedPlan } from "./plan.ts";

/** Where the numbers of a column come from. */
interface Source {
  readonly data: Float32Array;
  readonly begin: number;
  /** From one number to the next; default 1. */
  readonly step?: number;
}

/** Fills the memory that {@link ModelPlan} names with the model's weights: flat ones, and those of attention after absorption. */
export function packWeights(
  memory: Float32Array,
  config: HfConfig,
  plan: ModelPlan,
  layout: ParameterLayout,
  flat: Float32Array,
  absorbed: Tensors,
): void {
  const {
    num_attention_heads: heads,
    kv_lora_rank: latent,
    qk_rope_head_dim: rope,
    q_lora_rank: rank,
    hidden_size: hidden,
  } = config;
  const offsets = new Map(layout.entries.map(({ name, offset }) => [name, offset]));
  const from = (name: string): number => {
    const offset = offsets.get(name);
    if (offset === undefined) throw new Error(`no parameter ${name}`);
    return offset;
  };

  /** Writes `count` numbers of a column, from `place` on, each times its gain. */
  const column = (
    { address, length }: Matrix,
    index: number,
    { data, begin, step = 1 }: Source,
    count: number,
    { place = 0, gain = -1 }: { readonly place?: number; readonly gain?: number } = {},
  ): void => {
    const panel = Math.floor(index / PANEL);
    let at = address / 4 + panel * length * PANEL + place * PANEL + (index % PANEL);
    for (let i = 0, source = begin; i < count; i++, at += PANEL, source += step) {
      const value = data[source] as number;
      memory[at] = gain === -1 ? value : value * (flat[gain + i] as number);
    }
  };
  /** Rows of a matrix [outputs, inputs] of the flat array become columns. */
  const rows = (matrix: Matrix, name: string, outputs: number, inputs: number, gain = -1): void => {
    const begin = from(name);
    for (let row = 0; row < outputs; row++)
      column(matrix, row, { data: flat, begin: begin + row * inputs }, inputs, { gain });
  };

  const mlp = ({ gateUp, down }: MlpPlan, prefix: string, width: number, gain: number): void => {
    const half = PANEL / 2;
    for (const [kind, shift] of [
      ["gate", 0],
      ["up", half],
    ] as const) {
      const begin = from(`${prefix}.${kind}_proj.weight`);
      for (let row = 0; row < width; row++) {
        const index = Math.floor(row / half) * PANEL + shift + (row % half);
        column(gateUp, index, { data: flat, begin: begin + row * hidden }, hidden, { gain });
      }
    }
    rows(down, `${prefix}.down_proj.weight`, hidden, width);
  };
  const routedMlp = (routed: RoutedPlan, prefix: string, gain: number): void => {
    rows(routed.router, `${prefix}.gate.weight`, config.n_routed_experts, hidden, gain);
    const bias = from(`${prefix}.gate.e_score_correction_bias`);
    memory.set(flat.subarray(bias, bias + config.n_routed_experts), routed.bias / 4);
    routed.experts.forEach((expert, e) =>
      mlp(expert, `${prefix}.experts.${e}`, config.moe_intermediate_size, gain),
    );
  };

  for (let token = 0, begin = from("model.embed_tokens.weight"); token < config.vocab_size; token++)
    memory.set(
      flat.subarray(begin + token * hidden, begin + (token + 1) * hidden),
      plan.embedding / 4 + token * plan.dims.hidden,
    );
  plan.layers.forEach((layer, number) => {
    const prefix = `model.layers.${number}`;
    const attention = `${prefix}.self_attn`;
    const made = (name: string): Float32Array => floats(absorbed, `${name}/${number}`);
    const input = made("input");
    const inputGain = from(`${prefix}.input_layernorm.weight`);
    const inputRow = (index: number, row: number): void =>
      column(layer.input, index, { data: input, begin: row * hidden }, hidden, { gain: inputGain });
    // The rows of `input` are those of `AbsorbedAttention`.
    const { key } = plan.dims;
    const keyPart = plan.dims.latent;
    const queryRows = (write: (index: number, row: number) => void): void => {
      for (let head = 0; head < heads; head++) {
        for (let i = 0; i < latent; i++) write(head * key + i, head * latent + i);
        for (let i = 0; i < rope; i++)
          write(head * key + keyPart + i, heads * latent + head * rope + i);
      }
    };
    const keyRows = (begin: number, ropeRow: number, latentRow: number): void => {
      for (let i = 0; i < latent; i++) inputRow(begin + i, latentRow + i);
      for (let i = 0; i < rope; i++) inputRow(begin + keyPart + i, ropeRow + i);
    };
    if (layer.query === undefined || rank == null) {
      queryRows(inputRow);
      const ropeRow = heads * (latent + rope);
      keyRows(heads * key, ropeRow, ropeRow + rope);
    } else {
      const { query } = layer;
      const gain = from(`${attention}.q_a_layernorm.weight`);
      const data = made("query");
      queryRows((index, row) => column(query, index, { data, begin: row * rank }, rank, { gain }));
      for (let row = 0; row < rank; row++) inputRow(row, row);
      keyRows(plan.dims.queryLatent, rank, rank + rope);
    }
    const latentGain = from(`${attention}.kv_a_layernorm.weight`);
    memory.set(flat.subarray(latentGain, latentGain + latent), layer.latentGain / 4);
    const output = made("output");
    for (let index = 0; index < hidden; index++)
      for (let head = 0; head < heads; head++)
        column(
          layer.output,
          index,
          { data: output, begin: head * latent * hidden + index, step: hidden },
          latent,
          { place: head * plan.dims.latent },
        );

    const gain = from(`${prefix}.post_attention_layernorm.weight`);
    if (layer.routed !== undefined) routedMlp(layer.routed, `${prefix}.mlp`, gain);
    if (layer.dense === undefined) return;
    if (layer.routed === undefined)
      mlp(layer.dense, `${prefix}.mlp`, config.intermediate_size, gain);
    else {
      const width = config.n_shared_experts * config.moe_intermediate_size;
      mlp(layer.dense, `${prefix}.mlp.shared_experts`, width, gain);
    }
  });
  const head = config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  rows(plan.head, head, config.vocab_size, hidden, from("model.norm.weight"));
}
