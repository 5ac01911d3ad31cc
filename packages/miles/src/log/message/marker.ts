import type { LogEvent } from "../log-event.ts";
import type { Located } from "./located.ts";

/** A message of the framework, of Megatron or of the engine that has a meaning of its own. */
export interface Marker {
  /** Literal beginning. */
  readonly begins: string;
  /** What a message that begins so says; undefined where it goes on otherwise than expected. */
  readonly read: (message: string, at: Located) => LogEvent | undefined;
}

/** Longer messages are not matched: patterns may need the square of the length, and what they know is short. */
const MAX_MATCHED = 1 << 14;

/** A message that a pattern takes apart. */
export function matched(
  begins: string,
  pattern: RegExp,
  event: (found: RegExpExecArray, at: Located) => LogEvent | undefined,
): Marker {
  return {
    begins,
    read(message, at) {
      const found = message.length > MAX_MATCHED ? null : pattern.exec(message);
      return found === null ? undefined : event(found, at);
    },
  };
}
