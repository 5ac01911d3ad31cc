import { availableParallelism } from "node:os";
import { MoonlightError } from "@moonlight-rl/core";
import type * as Onnx from "onnxruntime-node";
import { encodeModel } from "./encode.ts";
import type { Graph } from "./graph.ts";
import { InferenceSession, Tensor } from "./runtime.ts";

export type TensorData = Float32Array | BigInt64Array;

/** Named arrays with their shapes, as feeds or as buffers that results are written to. */
export type Tensors = Readonly<Record<string, Onnx.Tensor>>;

/** Wraps an array without copying it: the session reads and writes the array itself. */
export function tensor(data: TensorData, shape: readonly number[]): Onnx.Tensor {
  return data instanceof Float32Array
    ? new Tensor("float32", data, shape)
    : new Tensor("int64", data, shape);
}

/** A compiled graph. */
export class Session {
  readonly #session: Onnx.InferenceSession;

  private constructor(session: Onnx.InferenceSession) {
    this.#session = session;
  }

  static async create(graph: Graph, threads: number): Promise<Session> {
    try {
      return new Session(
        await InferenceSession.create(encodeModel(graph), {
          executionProviders: ["cpu"],
          executionMode: "sequential",
          intraOpNumThreads: threads,
          logSeverityLevel: 3,
          // Waiting threads spin while a graph runs, since its nodes are short; but several sessions take turns, and
          // between runs a spinning pool would steal cores from the one that works.
          extra: { session: { intra_op: { allow_spinning: "1" }, force_spinning_stop: "1" } },
        }),
      );
    } catch (cause) {
      throw new MoonlightError(
        "ENGINE_GRAPH_REJECTED",
        `ONNX Runtime rejects the graph: ${(cause as Error).message}`,
        { cause, hint: "Report this fault with the model's config.json." },
      );
    }
  }

  /**
   * Runs the graph. Outputs named in `into` are written to those arrays, the others are new.
   * The event loop is blocked while nodes execute.
   */
  async run(feeds: Tensors, into: Readonly<Record<string, Onnx.Tensor | null>>): Promise<Tensors> {
    return this.#session.run(feeds, into);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** How many threads a session takes when the caller does not say. */
export function defaultThreads(threads: number | undefined): number {
  return threads ?? availableParallelism();
}

/** A float32 output by name. */
export function floats(outputs: Tensors, name: string): Float32Array {
  const output = outputs[name];
  if (!(output?.data instanceof Float32Array)) throw new Error(`no output ${name}`);
  return output.data;
}
