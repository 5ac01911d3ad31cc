import { useState } from "preact/hooks";
import type { VNode } from "preact";
import { short } from "../data/words.ts";

/** A digest, shortened; pressing it takes the whole one to the clipboard. */
export function Digest({
  value,
  whole = false,
}: {
  readonly value: string;
  readonly whole?: boolean;
}): VNode {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    } catch {
      // No clipboard here: the title has it whole.
    }
  };
  return (
    <button
      type="button"
      class="digest"
      title={value}
      aria-label={`Copy the digest ${short(value)}`}
      onClick={() => void copy()}
    >
      {copied ? "copied" : whole ? value : short(value)}
    </button>
  );
}
