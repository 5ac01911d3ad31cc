import type { HfConfig } from "@moonlight-rl/model";
import { CounterRandom } from "../engine/random.ts";
import { parameterLayout } from "./layout.ts";

/** Standard deviation of freshly drawn embeddings. */
const EMBEDDING_DEVIATION = 0.5;

/**
 * Fresh weights, a function of (config, seed): matrices normal with variance 1 / fan-in (projections back to the
 * residual stream smaller by the number of layers), gains one, expert biases zero.
 */
export function initialParameters(config: HfConfig, seed: number): Float32Array {
  const { entries, total } = parameterLayout(config);
  const values = new Float32Array(total);
  entries.forEach(({ name, shape, offset, size }, number) => {
    if (shape.length === 1) {
      values.fill(name.endsWith("e_score_correction_bias") ? 0 : 1, offset, offset + size);
      return;
    }
    const residual = /\.(o_proj|down_proj)\.weight$/.test(name);
    const deviation = name.startsWith("model.embed_tokens")
      ? EMBEDDING_DEVIATION
      : (shape[1] as number) ** -0.5 * (residual ? (2 * config.num_hidden_layers) ** -0.5 : 1);
    const random = new CounterRandom(seed, number, 0);
    for (let i = offset; i < offset + size; i++) values[i] = deviation * random.normal();
  });
  return values;
}
