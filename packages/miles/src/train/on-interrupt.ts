import { createInterface } from "node:readline/promises";
import type { MilesSettings } from "./settings.ts";

const ANSWER_MS = 30_000;

interface Terminal {
  readonly isTTY?: boolean;
}

/** What becomes of the job: as the settings say, or as somebody at the terminal says; without an answer it is stopped. */
export async function interruptChoice(
  choice: MilesSettings["onInterrupt"],
  terminal: {
    readonly input: Terminal & NodeJS.ReadableStream;
    readonly output: Terminal & NodeJS.WritableStream;
  } = {
    input: process.stdin,
    output: process.stderr,
  },
): Promise<"stop" | "detach"> {
  if (choice === "stop" || choice === "detach") return choice;
  const { input, output } = terminal;
  if (!input.isTTY || !output.isTTY) return "stop";
  const lines = createInterface({ input, output });
  // The terminal's Ctrl-C comes here while a line is read; the next one ends this process, as it always does.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const answer = await lines.question(
      "\nThe job is running. [s]top it, or [d]etach and let it run? (stop after 30 s) ",
      { signal: AbortSignal.timeout(ANSWER_MS) },
    );
    return /^d/i.test(answer.trim()) ? "detach" : "stop";
  } catch {
    return "stop";
  } finally {
    lines.close();
  }
}
