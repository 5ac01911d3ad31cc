import { parentPort, workerData } from "node:worker_threads";
import { toMoonlightError } from "@moonlight-rl/core";
import { InferenceModel } from "../engine/inference-model.ts";
import type { EngineCommand, EngineReply, EngineThreadData } from "./engine-message.ts";
import { GenerationLoop } from "./generation-loop.ts";

/** The body of the engine's thread, see `EngineThread`. */
const reply = (message: EngineReply): void => parentPort?.postMessage(message);

try {
  const { maxConcurrency, config, parameters, threads } = workerData as EngineThreadData;
  const model = await InferenceModel.create({
    config,
    parameters,
    ...(threads === undefined ? {} : { threads }),
  });
  const loop = new GenerationLoop(model, maxConcurrency, (events) =>
    reply({ op: "events", events }),
  );
  parentPort?.on("message", (command: EngineCommand) => {
    if (command.op === "generate") loop.generate(command.id, command.request);
    else loop.abort(command.id, command.sample);
  });
  reply({ op: "ready" });
} catch (error) {
  const { code, message, hint, field } = toMoonlightError(error);
  reply({ op: "refused", error: { code, message, hint, field } });
}
