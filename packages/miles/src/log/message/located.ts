import type { LogEventKind, LogSource } from "../log-event.ts";

/** What every event says of its place. */
export interface Located {
  readonly offset: number;
  readonly source: LogSource;
  readonly time: string | undefined;
  readonly repeated: number;
}

/** An event at its place. Not `{ ...at, … }`: V8 takes forty times as long for that, and there are millions. */
export function eventAt<const E extends { readonly kind: LogEventKind }>(
  at: Located,
  body: E,
): Located & E {
  const { offset, source, time, repeated } = at;
  return Object.assign({ offset, source, time, repeated }, body);
}
