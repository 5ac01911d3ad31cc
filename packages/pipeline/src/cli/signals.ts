import { EXIT_CODE } from "@moonlight-rl/core";
import type { CliIo } from "./io.ts";

export interface SignalHandling {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** First SIGINT or SIGTERM: abort and let the work end cleanly. Second: exit at once. */
export function handleSignals(io: CliIo): SignalHandling {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODE.interrupted);
    io.stderr.write("stopping cleanly; once more stops at once\n");
    controller.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  // Stays: output is flushed after the command has ended, too.
  if (!process.stdout.listeners("error").includes(onStreamError)) {
    process.stdout.on("error", onStreamError);
  }
  return {
    signal: controller.signal,
    dispose: () => {
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    },
  };
}

/** A reader that has gone (`… | head`) ends the process, as it would end any Unix program. */
function onStreamError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(EXIT_CODE.interrupted);
  throw error;
}
