import { UsageError } from "@moonlight-rl/core";

/** Where in a script something stands. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Offset in bytes. */
  readonly byteOffset: number;
}

/** What a launch script may not contain; says where and what to do instead. */
export function refused(place: Place, what: string, hint?: string): UsageError {
  return new UsageError("SCRIPT_REFUSED", `${place.file}, line ${place.line}: ${what}.`, {
    file: place.file,
    byteOffset: place.byteOffset,
    hint:
      hint ??
      "Only assignments, arrays, sources that are given, and one launch of train.py are read; nothing is ever executed. Take this line out, or give the argv itself.",
  });
}
