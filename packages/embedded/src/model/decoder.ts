import type { HfConfig } from "@moonlight-rl/model";
import { embed } from "../autodiff/gather.ts";
import { add, rawMatmul } from "../autodiff/linear.ts";
import { rmsNorm } from "../autodiff/norm.ts";
import { reshape, split } from "../autodiff/shape.ts";
import type { Tape } from "../autodiff/tape.ts";
import type { Value } from "../onnx/graph.ts";
import { projectAttention, type AbsorbedAttention, type Projection } from "./attention.ts";
import { mlp } from "./mlp.ts";
import type { GraphParameters } from "./parameters.ts";
import { languageHead, ropeFactors } from "./transformer.ts";

/** The inputs of one decoding step of B sequences, each with up to S earlier tokens. */
export interface DecoderInputs {
  /** int64 [B] */
  readonly tokens: Value;
  /** [B, qk_rope_head_dim] */
  readonly cos: Value;
  readonly sin: Value;
  /** [B, 1, S]: 0 for earlier tokens, very negative for free places. */
  readonly mask: Value;
  /** Per layer [B, S, kv_lora_rank + qk_rope_head_dim]. */
  readonly caches: readonly Value[];
  readonly weights: readonly AbsorbedAttention[];
}

/** One token each: logits [B, vocab], and per layer the new key [B, dims] that belongs in the cache. */
export function decoder(
  tape: Tape,
  config: HfConfig,
  parameters: GraphParameters,
  inputs: DecoderInputs,
): { readonly logits: Value; readonly keys: readonly Value[] } {
  const { rms_norm_eps: epsilon } = config;
  const factors = ropeFactors(tape, config, inputs.cos, inputs.sin);
  const keys: Value[] = [];
  let x = embed(tape, parameters.get("model.embed_tokens.weight"), inputs.tokens);
  inputs.weights.forEach((weights, layer) => {
    const prefix = `model.layers.${layer}`;
    const norm = (value: Value, name: string): Value =>
      rmsNorm(tape, value, parameters.get(`${prefix}.${name}.weight`), epsilon);
    const projection = projectAttention(
      tape,
      config,
      parameters,
      `${prefix}.self_attn`,
      norm(x, "input_layernorm"),
      weights,
      factors,
    );
    keys.push(projection.key);
    const context = attendToCache(
      tape,
      config,
      projection,
      inputs.caches[layer] as Value,
      inputs.mask,
    );
    x = add(tape, x, rawMatmul(tape, context, weights.output));
    x = add(tape, x, mlp(tape, config, parameters, layer, norm(x, "post_attention_layernorm")));
  });
  return { logits: languageHead(tape, config, parameters, x), keys };
}

/** Attention to the cache and to the token itself, whose key is not in the cache yet: → [B, heads · kv_lora_rank]. */
function attendToCache(
  tape: Tape,
  config: HfConfig,
  { query, key }: Projection,
  cache: Value,
  mask: Value,
): Value {
  const { graph } = tape;
  const { num_attention_heads: heads, kv_lora_rank: latent, qk_rope_head_dim: rope } = config;
  const own = reshape(tape, key, ["B", 1, latent + rope]);
  const past = graph.node(
    "Add",
    [rawMatmul(tape, query, cache, { transB: true }), mask],
    ["B", heads, "S"],
  );
  const scores = graph.node(
    "Concat",
    [past, rawMatmul(tape, query, own, { transB: true })],
    ["B", heads, "S+1"],
    { attributes: { axis: 2 } },
  );
  const weights = graph.node("Softmax", [scores], scores.shape, { attributes: { axis: -1 } });
  const places = graph.node("Shape", [mask], [1], {
    type: "int64",
    attributes: { start: 2, end: 3 },
  });
  const [pastWeights, ownWeights] = graph.multi(
    "Split",
    [
      weights,
      graph.node("Concat", [places, graph.ints([1])], [2], {
        type: "int64",
        attributes: { axis: 0 },
      }),
    ],
    [{ shape: ["B", heads, "S"] }, { shape: ["B", heads, 1] }],
    { attributes: { axis: 2 } },
  ) as [Value, Value];
  const context = graph.node(
    "Add",
    [
      rawMatmul(tape, pastWeights, cache),
      graph.node("Mul", [ownWeights, own], ["B", heads, latent + rope]),
    ],
    ["B", heads, latent + rope],
  );
  const [latentContext] = split(tape, context, [latent, rope], 2) as [Value, Value];
  return reshape(tape, latentContext, ["B", heads * latent]);
}
