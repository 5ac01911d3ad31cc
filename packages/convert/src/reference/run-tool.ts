import { MoonlightError } from "@moonlight-rl/core";
import type { StageContext } from "@moonlight-rl/pipeline";

const LINE_CHARACTERS = 2_000;
/** Lines of the end that an error repeats. */
const LAST_LINES = 12;

/**
 * Runs one of the reference's tools; its lines become log events. It ends with us.
 *
 * @throws MoonlightError CONVERT_BACKEND_FAILED with the end of what it said
 */
export async function runTool(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  { exec, emit }: Pick<StageContext, "exec" | "emit">,
): Promise<void> {
  const last: string[] = [];
  const { exitCode } = await exec(command, args, {
    ...options,
    reject: false,
    onLine(line) {
      const text = line.slice(0, LINE_CHARACTERS);
      if (text.trim() === "") return;
      last.push(text);
      if (last.length > LAST_LINES) last.shift();
      emit({ type: "log", message: text });
    },
  });
  if (exitCode === 0) return;
  throw new MoonlightError(
    "CONVERT_BACKEND_FAILED",
    `The reference's converter ended with exit code ${exitCode}:\n${last.join("\n")}`,
    {
      hint: "Its whole output is in the log above. --backend native needs no GPU and no Megatron.",
    },
  );
}
