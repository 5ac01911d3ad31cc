import { diffCheckpoints, verifyCheckpoint } from "@moonlight-rl/checkpoint";
import { VerificationError, type Emit } from "@moonlight-rl/core";
import { byteProgress } from "../progress.ts";

/** How many faults a message names. */
const NAMED = 5;

/**
 * Reads what the reference has written with our reader: every byte of it, then each tensor beside its source's. The reference
 * ends with 0 also when it has left tensors out.
 *
 * @throws VerificationError CONVERT_BACKEND_WRONG
 */
export async function checkOutput(
  source: string,
  output: string,
  model: string,
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<void> {
  let progress: ((bytes: number) => void) | undefined;
  let before = 0;
  const { findings } = await verifyCheckpoint(output, {
    model,
    signal,
    onBytes(bytes, total) {
      progress ??= byteProgress("read what the reference wrote", total, emit);
      progress(bytes - before);
      before = bytes;
    },
  });
  refuse(
    findings.map(({ code, name, message }) => `${name}: ${message} (${code})`),
    output,
  );
  const differences = await diffCheckpoints(source, output, { model, signal });
  const wrong = differences.filter(({ status }) => status !== "equal");
  refuse(
    wrong.map(({ name, status, differing, maxAbs }) =>
      status === "values"
        ? `${name}: ${differing} elements differ from the source, by at most ${maxAbs?.toPrecision(3)}`
        : `${name}: ${status === "only-a" ? "left out" : status === "only-b" ? "not in the source" : `another ${status}`}`,
    ),
    output,
  );
}

function refuse(faults: readonly string[], file: string): void {
  if (faults.length === 0) return;
  const more = faults.length > NAMED ? `\nand ${faults.length - NAMED} more` : "";
  throw new VerificationError(
    "CONVERT_BACKEND_WRONG",
    `The reference ended without an error, and its output is wrong:\n${faults.slice(0, NAMED).join("\n")}${more}`,
    {
      file,
      hint: "Nothing was published. Use --backend native, or mend the reference's installation.",
    },
  );
}
