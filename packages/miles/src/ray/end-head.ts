import { MoonlightError } from "@moonlight-rl/core";
import { HEAD_MARK, type HeadRecord } from "./head-record.ts";
import { markedProcesses, signalProcesses } from "./marked-processes.ts";
import { pauseFor } from "./pause.ts";

/** Ray drains its node; then what is left may answer SIGTERM; then SIGKILL has so long. */
const STOP_MS = 20_000;
const TERM_MS = 3_000;
const KILL_MS = 5_000;
const PAUSE_MS = 100;

/** Ends all processes of a head, and only those; says how many there were. Ray itself first: it ends its own in order. */
export async function endHead({ mark, pid, start }: HeadRecord): Promise<number> {
  const find = (): ReturnType<typeof markedProcesses> =>
    markedProcesses(`${HEAD_MARK}=${mark}`, pid ?? -1);
  let left = await find();
  const count = left.length;
  const leader = left.filter((one) => one.pid === pid && one.start === start);
  await signalProcesses(leader, "SIGTERM");
  const led = (): boolean => left.some((one) => one.pid === pid);
  for (let waited = 0; led() && waited < STOP_MS; waited += PAUSE_MS) {
    await pauseFor(PAUSE_MS, undefined);
    left = await find();
  }
  await signalProcesses(left, "SIGTERM");
  for (let waited = 0; left.length > 0; waited += PAUSE_MS) {
    await pauseFor(PAUSE_MS, undefined);
    left = await find();
    if (waited >= TERM_MS) await signalProcesses(left, "SIGKILL");
    if (waited >= TERM_MS + KILL_MS)
      throw new MoonlightError(
        "RAY_HEAD_STAYS",
        `Processes of the Ray head do not end: ${left.map((one) => one.pid).join(", ")}.`,
        { hint: "They wait for the kernel (a disk or a GPU driver, most likely)." },
      );
  }
  return count;
}
