import picocolors from "picocolors";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { isLive, wantsColor, type CliIo } from "./io.ts";
import { LineView } from "./line-view.ts";
import { LiveView } from "./live-view.ts";

/** A reader of the event stream that writes for people. */
export interface EventView {
  handle(event: MoonlightEvent): void;
  /** Leaves the screen tidy; nothing is written afterwards. */
  close(): void;
}

/** The view that fits standard error: redrawn in place on a terminal, steady lines elsewhere. */
export function createEventView(io: CliIo): EventView {
  const colors = picocolors.createColors(wantsColor(io.stderr, io.env));
  return isLive(io.stderr, io.env)
    ? new LiveView(io.stderr, colors)
    : new LineView(io.stderr, colors);
}
