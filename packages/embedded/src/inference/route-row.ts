import type { HfConfig } from "@moonlight-rl/model";

/** Chooses experts as the training graphs' router does (`autodiff/route.ts`), for one token at a time. */
export class RowRouter {
  readonly #config: HfConfig;
  readonly #scores: Float64Array;
  readonly #biased: Float64Array;
  readonly #groups: Float64Array;
  /** Experts chosen for the last row, `num_experts_per_tok` of them. */
  readonly chosen: Int32Array;
  /** Their weights. */
  readonly weights: Float64Array;

  constructor(config: HfConfig) {
    this.#config = config;
    this.#scores = new Float64Array(config.n_routed_experts);
    this.#biased = new Float64Array(config.n_routed_experts);
    this.#groups = new Float64Array(config.n_group);
    this.chosen = new Int32Array(config.num_experts_per_tok);
    this.weights = new Float64Array(config.num_experts_per_tok);
  }

  /** Routes the row whose logits begin at `logits`, with the experts' bias at `bias`. */
  route(memory: Float32Array, logits: number, bias: number): void {
    const {
      n_routed_experts: experts,
      num_experts_per_tok: topK,
      norm_topk_prob: normalise,
      routed_scaling_factor: scale,
    } = this.#config;
    for (let e = 0; e < experts; e++) {
      const score = 1 / (1 + Math.exp(-(memory[logits + e] as number)));
      this.#scores[e] = score;
      this.#biased[e] = Math.fround(Math.fround(score) + (memory[bias + e] as number));
    }
    this.#keepGroups();
    let sum = 0;
    for (let k = 0; k < topK; k++) {
      const best = takeLargest(this.#biased);
      this.chosen[k] = best;
      sum += this.#scores[best] as number;
    }
    const factor = normalise && topK > 1 ? scale / (sum + 1e-20) : scale;
    for (let k = 0; k < topK; k++)
      this.weights[k] = (this.#scores[this.chosen[k] as number] as number) * factor;
  }

  /** Excludes experts outside of the groups whose best two are best together. */
  #keepGroups(): void {
    const { n_group: groups, topk_group: kept, n_routed_experts: experts } = this.#config;
    if (groups === 1 || kept === groups) return;
    const size = experts / groups;
    for (let group = 0; group < groups; group++) {
      let [first, second] = [-Infinity, -Infinity];
      for (let e = group * size; e < (group + 1) * size; e++) {
        const score = this.#biased[e] as number;
        if (score > first) [first, second] = [score, first];
        else if (score > second) second = score;
      }
      this.#groups[group] = Math.fround(first + second);
    }
    for (let k = 0; k < kept; k++) takeLargest(this.#groups);
    for (let group = 0; group < groups; group++)
      if (this.#groups[group] !== -Infinity)
        this.#biased.fill(-Infinity, group * size, (group + 1) * size);
  }
}

/** The index of the largest (the first among equals), which is made −∞. */
function takeLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++)
    if ((values[i] as number) > (values[best] as number)) best = i;
  values[best] = -Infinity;
  return best;
}
