import type { ComponentChildren, VNode } from "preact";
import type { FaultBody } from "../data/answer.ts";
import type { Answer } from "../data/use-answer.ts";

/** Nothing there, and what would bring it. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): VNode {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** What went wrong, with its code and what to do. */
export function FaultNote({
  fault,
  retry,
}: {
  readonly fault: FaultBody;
  readonly retry?: (() => void) | undefined;
}): VNode {
  return (
    <div class="note bad" role="alert">
      <p>
        <code>{fault.code}</code> {fault.message}
      </p>
      {fault.hint !== undefined && <p class="muted">{fault.hint}</p>}
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Bars where text will be. */
export function Waiting({ rows = 4 }: { readonly rows?: number }): VNode {
  return (
    <div class="waiting" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} />
      ))}
    </div>
  );
}

/** An answer once it is there; before that, that it is awaited, or what went wrong. Data that is there stays when asking anew fails. */
export function Show<T>({
  answer,
  rows,
  children,
}: {
  readonly answer: Answer<T>;
  readonly rows?: number;
  readonly children: (data: T) => ComponentChildren;
}): VNode {
  const { data, fault, retry } = answer;
  return (
    <>
      {fault !== undefined && <FaultNote fault={fault} retry={retry} />}
      {data !== undefined
        ? children(data)
        : fault === undefined && <Waiting {...(rows === undefined ? {} : { rows })} />}
    </>
  );
}
