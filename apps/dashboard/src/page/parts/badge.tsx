import type { VNode } from "preact";

type Tone = "ok" | "run" | "warn" | "bad" | "calm";

const TONES: Readonly<Record<string, Tone>> = {
  ok: "ok",
  reused: "ok",
  same: "ok",
  correct: "ok",
  running: "run",
  follows: "run",
  failed: "bad",
  error: "bad",
  wrong: "bad",
  differs: "warn",
  warning: "warn",
  interrupted: "warn",
  truncated: "warn",
  no_answer: "warn",
  unparsable: "warn",
  timed_out: "warn",
};

export const toneOf = (state: string): Tone => TONES[state] ?? "calm";

/** A state in a word; the colour only repeats it. */
export function Badge({ state, text }: { readonly state: string; readonly text?: string }): VNode {
  return <span class={`badge ${toneOf(state)}`}>{text ?? state.replace("_", " ")}</span>;
}
