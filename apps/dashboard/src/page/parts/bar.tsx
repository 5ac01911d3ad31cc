import type { VNode } from "preact";

/** How far something is; without `share` it is at work and nobody knows how long. */
export function Bar({
  label,
  share,
}: {
  readonly label: string;
  readonly share: number | undefined;
}): VNode {
  const known = share === undefined ? {} : { "aria-valuenow": Math.round(share * 100) };
  return (
    <span
      class={`bar${share === undefined ? " unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...known}
    >
      <i style={share === undefined ? {} : { width: `${Math.min(100, share * 100)}%` }} />
    </span>
  );
}
