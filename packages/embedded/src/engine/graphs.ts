import type { HfConfig } from "@moonlight-rl/model";
import { Tape } from "../autodiff/tape.ts";
import { policyInputs, policyLoss } from "../loss/policy.ts";
import { supervisedLoss } from "../loss/supervised.ts";
import { scoredTokenInputs, tokenScores } from "../loss/token-log-probs.ts";
import { GraphParameters } from "../model/parameters.ts";
import { transformer, transformerInputs } from "../model/transformer.ts";
import { Graph } from "../onnx/graph.ts";
import { Session } from "../onnx/session.ts";
import type { LossSettings, ParameterLayout } from "./types.ts";

/** A session and the parts of the flat arrays that it reads and writes. */
export interface ModelSession {
  readonly session: Session;
  readonly parameters: GraphParameters;
  /** Names of the one-element outputs that are metrics. */
  readonly metrics: readonly string[];
}

/** Forward only: output `logProbs` [R]. */
export async function scoringSession(
  config: HfConfig,
  layout: ParameterLayout,
  threads: number,
): Promise<ModelSession> {
  const tape = new Tape(new Graph());
  const parameters = new GraphParameters(tape, layout);
  const logits = transformer(tape, config, parameters, transformerInputs(tape, config));
  const { logProbs } = tokenScores(tape, logits, scoredTokenInputs(tape));
  tape.graph.output("logProbs", logProbs);
  return { session: await Session.create(tape.graph, threads), parameters, metrics: [] };
}

/** Forward and backward: the gradients of Σ weight·loss, and each metric as Σ weight·metric. */
export async function trainingSession(
  config: HfConfig,
  layout: ParameterLayout,
  threads: number,
  loss: LossSettings,
): Promise<ModelSession> {
  const tape = new Tape(new Graph());
  const { graph } = tape;
  const parameters = new GraphParameters(tape, layout);
  const logits = transformer(tape, config, parameters, transformerInputs(tape, config));
  const scores = tokenScores(tape, logits, scoredTokenInputs(tape));
  const weight = graph.input("weight", ["R"]);
  const metrics =
    loss.kind === "sft"
      ? supervisedLoss(tape, scores, weight)
      : policyLoss(tape, scores, weight, policyInputs(tape), loss);
  tape.backward();
  parameters.publishGradients();
  for (const [name, value] of metrics) graph.output(name, value);
  return {
    session: await Session.create(graph, threads),
    parameters,
    metrics: [...metrics.keys()],
  };
}
