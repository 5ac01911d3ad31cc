import { workerData } from "node:worker_threads";
import { Forward } from "./forward.ts";
import { SIGNAL, SPINS, takeUnits, type HelperData } from "./team.ts";

/** The body of a helper's thread, see `Team`. */
const { signals: buffer, ...options } = workerData as HelperData;
const signals = new Int32Array(buffer);

try {
  const forward = new Forward(options);
  for (let spins = 0; Atomics.load(signals, SIGNAL.ended) === 0; spins++) {
    const seen = Atomics.load(signals, SIGNAL.tasks);
    if (Atomics.load(signals, SIGNAL.left) > 0) {
      takeUnits(forward, signals);
      spins = 0;
    } else if (spins > SPINS) {
      Atomics.wait(signals, SIGNAL.tasks, seen);
      spins = 0;
    }
  }
} catch (error) {
  Atomics.store(signals, SIGNAL.failed, 1);
  throw error;
}
