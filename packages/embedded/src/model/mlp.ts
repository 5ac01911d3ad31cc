import type { HfConfig } from "@moonlight-rl/model";
import { combineCopies, scatterCopies } from "../autodiff/gather.ts";
import { Groups } from "../autodiff/grouped.ts";
import { add, matmul, scaleRows } from "../autodiff/linear.ts";
import { route } from "../autodiff/route.ts";
import { swiglu } from "../autodiff/swiglu.ts";
import type { Tape } from "../autodiff/tape.ts";
import type { Value } from "../onnx/graph.ts";
import { isMoeLayer } from "./layout.ts";
import type { GraphParameters } from "./parameters.ts";

/** The feed-forward part of a layer, dense or routed: x [N, hidden] → [N, hidden]. */
export function mlp(
  tape: Tape,
  config: HfConfig,
  parameters: GraphParameters,
  layer: number,
  x: Value,
): Value {
  const prefix = `model.layers.${layer}.mlp`;
  if (!isMoeLayer(config, layer)) return denseMlp(tape, parameters, prefix, x);
  const routed = routedMlp(tape, config, parameters, prefix, x);
  if (config.n_shared_experts === 0) return routed;
  return add(tape, routed, denseMlp(tape, parameters, `${prefix}.shared_experts`, x));
}

function denseMlp(tape: Tape, parameters: GraphParameters, prefix: string, x: Value): Value {
  const linear = (input: Value, kind: string): Value =>
    matmul(tape, input, parameters.get(`${prefix}.${kind}_proj.weight`), { transB: true });
  return linear(swiglu(tape, linear(x, "gate"), linear(x, "up")), "down");
}

/** Each token through its K experts: copies are sorted by expert, so that each expert is one product. */
function routedMlp(
  tape: Tape,
  config: HfConfig,
  parameters: GraphParameters,
  prefix: string,
  x: Value,
): Value {
  const experts = config.n_routed_experts;
  const logits = matmul(tape, x, parameters.get(`${prefix}.gate.weight`), { transB: true });
  const routing = route(tape, logits, parameters.get(`${prefix}.gate.e_score_correction_bias`), {
    topK: config.num_experts_per_tok,
    normalise: config.norm_topk_prob && config.num_experts_per_tok > 1,
    scale: config.routed_scaling_factor,
    groups: config.n_group,
    topGroups: config.topk_group,
  });
  const groups = new Groups(tape, routing.counts, experts);
  const linear = (input: Value, kind: string): Value =>
    groups.linear(
      input,
      parameters.stack(
        Array.from({ length: experts }, (_, e) => `${prefix}.experts.${e}.${kind}_proj.weight`),
      ),
    );
  const copies = scatterCopies(tape, x, routing);
  const activated = swiglu(tape, linear(copies, "gate"), linear(copies, "up"));
  return combineCopies(tape, linear(scaleRows(tape, activated, routing.weight), "down"), routing);
}
