import type { VNode } from "preact";
import { toneOf } from "./badge.tsx";

/** Shares of outcomes as one bar; the numbers are in its label. */
export function OutcomeBar({
  outcomes,
}: {
  readonly outcomes: Readonly<Record<string, number>>;
}): VNode {
  const given = Object.entries(outcomes)
    .filter(([, n]) => n > 0)
    .sort(([a], [b]) => Number(b === "correct") - Number(a === "correct"));
  const total = given.reduce((sum, [, n]) => sum + n, 0);
  const label = given
    .map(([name, n]) => `${name.replace("_", " ")} ${total <= 1 ? `${(n * 100).toFixed(1)} %` : n}`)
    .join(", ");
  return (
    <span class="outcome-bar" role="img" aria-label={label} title={label}>
      {given.map(([name, n]) => (
        <i key={name} class={toneOf(name)} style={{ flexGrow: n / total }} />
      ))}
    </span>
  );
}
