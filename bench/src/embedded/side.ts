import { createInterface } from "node:readline";
import { execa } from "execa";
import { cleanEnvironment } from "../fetch/contender.ts";
import { watchMemory } from "../measure/process-memory.ts";
import { answerSchema, type Command } from "./command.ts";

/** One contender: a process that is given a command at a time and says how long it took. */
export interface Side {
  /** What runs there, in its own words. */
  readonly versions: string;
  /** Seconds. */
  ask(command: Command): Promise<number>;
  /** Ends the process; its peak resident bytes. */
  end(): Promise<number>;
}

/** Starts a process that speaks JSON lines and waits for its first answer. Settings that it chooses are noted. */
export async function startSide(
  file: string,
  args: readonly string[],
  options: { readonly signal: AbortSignal; readonly note: (text: string) => void },
): Promise<Side> {
  const running = execa(file, args, {
    cancelSignal: options.signal,
    env: cleanEnvironment({}),
    reject: false,
    buffer: { stdout: false, stderr: true },
    forceKillAfterDelay: 2000,
  });
  const memory = watchMemory(running.pid);
  createInterface({ input: running.stderr }).on("line", (line) => {
    if (/^(transformers|pytorch) /.test(line)) options.note(`  ${line}`);
  });
  const answers = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await answers.next();
    if (done !== true) return JSON.parse(value);
    const { stderr } = await running;
    throw new Error(`${file} ended: ${stderr.trim().split("\n").at(-1)?.slice(0, 500) ?? ""}`);
  };
  try {
    const versions = JSON.stringify(answerSchema.parse(await next()));
    return {
      versions,
      async ask(command) {
        running.stdin.write(`${JSON.stringify(command)}\n`);
        const { seconds } = answerSchema.parse(await next());
        if (typeof seconds !== "number") throw new Error(`${file} gave no time`);
        return seconds;
      },
      async end() {
        const peak = memory.stop();
        running.stdin.end();
        running.kill();
        await running;
        return peak;
      },
    };
  } catch (error) {
    memory.stop();
    running.kill();
    throw error;
  }
}
