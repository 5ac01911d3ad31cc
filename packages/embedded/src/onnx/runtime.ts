import { createRequire } from "node:module";
import { PreflightError } from "@moonlight-rl/core";
import type * as OnnxRuntime from "onnxruntime-node";

type Runtime = typeof OnnxRuntime;

/**
 * ONNX Runtime. Its install script downloads CUDA libraries on Linux, which this engine does not use; where it cannot reach
 * them npm leaves the package out, as it is an optional dependency, and everything else of an application is installed.
 *
 * @throws PreflightError `ENGINE_RUNTIME_MISSING`, when this module is imported
 */
export const { InferenceSession, Tensor }: Runtime = load();

function load(): Runtime {
  try {
    return createRequire(import.meta.url)("onnxruntime-node") as Runtime;
  } catch (cause) {
    throw new PreflightError(
      "ENGINE_RUNTIME_MISSING",
      `ONNX Runtime cannot be loaded: ${(cause as Error).message.split("\n", 1)[0]}`,
      {
        hint: "Install it without its downloads: npm install --ignore-scripts onnxruntime-node@1.30.0",
        cause,
      },
    );
  }
}
