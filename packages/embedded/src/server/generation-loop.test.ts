import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { InferenceModel } from "../engine/inference-model.ts";
import { initialParameters } from "../model/init.ts";
import { tinyConfig } from "../testing/tiny.ts";
import type { RequestEvent } from "./engine-message.ts";
import type { GenerationRequest } from "./generation.ts";
import { GenerationLoop } from "./generation-loop.ts";

const config = tinyConfig();
let model: InferenceModel;
beforeAll(async () => {
  model = await InferenceModel.create({ config, parameters: initialParameters(config, 3) });
});
afterAll(() => model.close());

const request: GenerationRequest = {
  prompt: [1, 2, 3, 4],
  promptIndex: 0,
  n: 5,
  temperature: 1,
  topP: 1,
  topK: 0,
  maxNewTokens: 8,
  stopTokenIds: [],
  seed: 1,
  topLogProbs: 0,
  promptLogProbs: false,
};

/** Runs requests by id to their ends. */
async function run(
  requests: readonly GenerationRequest[],
  capacity: number,
): Promise<Map<number, RequestEvent[]>> {
  const given = new Map<number, RequestEvent[]>(requests.map((_, id) => [id, []]));
  let open = requests.length;
  await new Promise<void>((resolve) => {
    const loop = new GenerationLoop(model, capacity, (events) => {
      for (const { id, event } of events) {
        given.get(id)?.push(event);
        if (event.kind === "done" || event.kind === "failed") open--;
      }
      if (open === 0) resolve();
    });
    requests.forEach((one, id) => loop.generate(id, one));
  });
  return given;
}

it("reads a prompt once for all its samples, also where they do not fit at once", async () => {
  const read = vi.spyOn(model, "read");
  const given = await run([request, { ...request, seed: 2 }], 4);
  expect(read).toHaveBeenCalledTimes(1);
  read.mockRestore();
  for (const events of given.values()) {
    expect(events).toHaveLength(5 * 8 + 1);
    expect(events.at(-1)).toEqual({ kind: "done" });
  }
});

it("tells everyone in the engine of a fault, and works again afterwards", async () => {
  const decode = vi.spyOn(model, "decode").mockImplementationOnce(() => {
    throw new Error("out of memory");
  });
  const failed = await run([request, request, request], 4);
  decode.mockRestore();
  for (const events of failed.values()) {
    expect(events.filter(({ kind }) => kind !== "token")).toEqual([
      { kind: "failed", message: "out of memory" },
    ]);
  }
  const after = await run([request], 4);
  expect(after.get(0)?.at(-1)).toEqual({ kind: "done" });
});

it("ends one sample of a request at once, and the others go on", async () => {
  const events: RequestEvent[] = [];
  await new Promise<void>((resolve) => {
    const loop = new GenerationLoop(model, 4, (given) => {
      events.push(...given.map(({ event }) => event));
      loop.abort(0, 0);
      if (events.at(-1)?.kind === "done") resolve();
    });
    loop.generate(0, { ...request, n: 2 });
  });
  const ofSample = (sample: number): number =>
    events.filter((event) => event.kind === "token" && event.sample === sample).length;
  // Joining gives the first token, and the step of the same turn the second.
  expect(ofSample(0)).toBe(2);
  expect(ofSample(1)).toBe(8);
});
