import { MoonlightError } from "@moonlight-rl/core";
import { Graph } from "./graph.ts";
import { floats, Session, tensor } from "./session.ts";

/**
 * Multiplies two small matrices: whether ONNX Runtime's binary loads here and computes.
 *
 * @throws MoonlightError ENGINE_WRONG; whatever loading throws
 */
export async function checkEngine(): Promise<void> {
  const graph = new Graph();
  const a = graph.input("a", [1, 2]);
  const b = graph.input("b", [2, 1]);
  graph.output("c", graph.node("MatMul", [a, b], [1, 1]));
  const session = await Session.create(graph, 1);
  try {
    const feeds = {
      a: tensor(Float32Array.of(2, 3), [1, 2]),
      b: tensor(Float32Array.of(5, 7), [2, 1]),
    };
    const [product] = floats(await session.run(feeds, { c: null }), "c");
    if (product !== 31)
      throw new MoonlightError("ENGINE_WRONG", `ONNX Runtime says that 2·5 + 3·7 is ${product}.`);
  } finally {
    await session.close();
  }
}
