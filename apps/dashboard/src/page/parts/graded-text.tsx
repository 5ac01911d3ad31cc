import type { VNode } from "preact";

/** A response with the part that was graded marked. */
export function GradedText({
  text,
  span,
}: {
  readonly text: string;
  readonly span?: { readonly start: number; readonly end: number } | undefined;
}): VNode {
  if (span === undefined) return <pre class="text">{text}</pre>;
  return (
    <pre class="text">
      {text.slice(0, span.start)}
      <mark class="graded" title="the graded answer">
        {text.slice(span.start, span.end)}
      </mark>
      {text.slice(span.end)}
    </pre>
  );
}
