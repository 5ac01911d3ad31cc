import { expect, it } from "vitest";
import { z } from "zod";
import { Tape } from "../autodiff/tape.ts";
import { Graph } from "../onnx/graph.ts";
import { floats, Session, tensor } from "../onnx/session.ts";
import { grpoGolden, perTokenSchema } from "../testing/grpo-golden.ts";
import { scoredTokenInputs, tokenScores } from "./token-log-probs.ts";

it("gives the reference's log-probs, entropies and their gradients", async () => {
  const golden = grpoGolden(
    "token-scores",
    z.object({
      temperature: z.number(),
      logits: perTokenSchema,
      tokens: z.array(z.int()),
      weights: perTokenSchema,
      logProbs: z.array(z.number()),
      entropy: z.array(z.number()),
      gradient: perTokenSchema,
    }),
  );
  const rows = golden.logits.length;
  const tape = new Tape(new Graph());
  const { graph } = tape;
  const logits = tape.track(graph.input("logits", ["U", golden.logits[0]?.length ?? 0]));
  const scores = tokenScores(tape, logits, scoredTokenInputs(tape));
  tape.add(scores.logProbs, graph.input("first", ["R"]));
  tape.add(scores.entropy, graph.input("second", ["R"]));
  tape.backward();
  const gradient = tape.gradient(logits);
  if (gradient === undefined) throw new Error("no gradient");
  for (const [name, value] of Object.entries({ ...scores, gradient })) graph.output(name, value);

  const vector = (values: readonly number[] = []) =>
    tensor(Float32Array.from(values), [values.length]);
  const indices = (values: readonly number[]) =>
    tensor(BigInt64Array.from(values, BigInt), [values.length]);
  const session = await Session.create(graph, 1);
  const outputs = await session.run(
    {
      logits: tensor(Float32Array.from(golden.logits.flat()), [
        rows,
        golden.logits[0]?.length ?? 0,
      ]),
      row: indices([...golden.tokens.keys()]),
      target: indices(golden.tokens),
      inverseTemperature: tensor(Float32Array.of(1 / golden.temperature), []),
      first: vector(golden.weights[0]),
      second: vector(golden.weights[1]),
    },
    { logProbs: null, entropy: null, gradient: null },
  );
  const wanted = {
    logProbs: golden.logProbs,
    entropy: golden.entropy,
    gradient: golden.gradient.flat(),
  };
  for (const [name, want] of Object.entries(wanted)) {
    const got = floats(outputs, name);
    expect(got.length).toBe(want.length);
    want.forEach((value, i) => expect(got[i], `${name}[${i}]`).toBeCloseTo(value, 5));
  }
  await session.close();
});
