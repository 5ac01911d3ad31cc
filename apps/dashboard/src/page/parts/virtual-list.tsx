import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ComponentChildren, VNode } from "preact";
import { usePages, type PageOf } from "../data/use-pages.ts";
import { FaultNote, Waiting } from "./state.tsx";

export interface VirtualListProps<T> {
  readonly label: string;
  /** Address of a part of the list. */
  readonly source: (offset: number, limit: number) => string;
  /** Pixels; every row has the same. */
  readonly rowHeight: number;
  readonly revision?: number;
  readonly row: (item: T, index: number) => ComponentChildren;
  readonly empty: ComponentChildren;
  /** Makes it a list to choose from: arrows move, and what is moved to is chosen. */
  readonly choose?: ((item: T, index: number) => void) | undefined;
  readonly isChosen?: (item: T) => boolean;
  /** Row to begin at. */
  readonly start?: number | undefined;
  /** Stays at the end while it grows. */
  readonly tail?: boolean;
  /** The reader has left the end by scrolling up (false), or has come back to it (true). */
  readonly onTail?: (tail: boolean) => void;
  /** What the newest answer says beside its items. */
  readonly onAnswer?: (answer: PageOf<T>) => void;
}

/** Rows above and below what is seen, so that scrolling meets drawn ones. */
const MARGIN = 8;

/** A list of any length: only what is seen is in the document, and of that only pages are fetched. */
export function VirtualList<T>(props: VirtualListProps<T>): VNode {
  const {
    label,
    source,
    rowHeight,
    revision = 0,
    row,
    empty,
    choose,
    isChosen,
    start,
    tail,
  } = props;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(Math.max(0, (start ?? 0) * rowHeight - 300));
  const [height, setHeight] = useState(600);
  const [active, setActive] = useState(start ?? 0);
  const name = source(0, 0);
  const first = Math.max(0, Math.floor(top / rowHeight) - MARGIN);
  const last = Math.ceil((top + height) / rowHeight) + MARGIN;
  const pages = usePages<T>(source, [first, last], revision);
  const { total, fault, answer, item, retry } = pages;
  const wanted = useRef<number | undefined>(undefined);
  const before = useRef(0);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = box.current;
    setActive(start ?? 0);
    if (element === null) return;
    const offset = (start ?? 0) * rowHeight;
    const inView =
      offset >= element.scrollTop && offset + rowHeight <= element.scrollTop + element.clientHeight;
    if (!inView) element.scrollTop = Math.max(0, offset - element.clientHeight / 2);
  }, [name, start, total === undefined]);
  useEffect(() => {
    if (answer !== undefined) props.onAnswer?.(answer);
  }, [answer]);
  useEffect(() => {
    const element = box.current;
    if (tail === true && element !== null) element.scrollTop = element.scrollHeight;
  }, [tail, total]);
  const scrolled = ({ scrollTop, scrollHeight, clientHeight }: HTMLDivElement): void => {
    // A list that has grown meanwhile is not at its end either, but nobody has scrolled up.
    const up = scrollTop < before.current;
    before.current = scrollTop;
    setTop(scrollTop);
    const end = scrollHeight - scrollTop - clientHeight < rowHeight;
    if (end || up) props.onTail?.(end);
  };
  const chosenBy = (index: number): void => {
    const found = item(index);
    if (found === undefined) wanted.current = index;
    else {
      wanted.current = undefined;
      choose?.(found, index);
    }
  };
  useEffect(() => {
    // It was moved to before it was there.
    if (wanted.current !== undefined) chosenBy(wanted.current);
  });

  const move = (index: number): void => {
    const element = box.current;
    if (element === null || total === undefined || total === 0) return;
    const next = Math.max(0, Math.min(total - 1, index));
    const offset = next * rowHeight;
    if (offset < element.scrollTop) element.scrollTop = offset;
    else if (offset + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = offset + rowHeight - element.clientHeight;
    setActive(next);
    if (choose !== undefined) chosenBy(next);
  };
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);
  const press = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: (total ?? 1) - 1,
      Enter: active,
    };
    const next = choose === undefined ? undefined : to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    move(next);
  };

  const shown = Math.min(total ?? 0, last);
  const rows = [];
  for (let index = first; index < shown; index++) {
    const found = item(index);
    rows.push(
      <div
        key={index}
        id={`${id}-${index}`}
        class={`row${index === active && choose !== undefined ? " active" : ""}`}
        role={choose === undefined ? "listitem" : "option"}
        aria-setsize={total}
        aria-posinset={index + 1}
        aria-selected={
          choose === undefined ? undefined : found !== undefined && (isChosen?.(found) ?? false)
        }
        style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
        onClick={choose === undefined ? undefined : () => move(index)}
      >
        {found === undefined ? <span class="row-waiting">…</span> : row(found, index)}
      </div>,
    );
  }
  return (
    <>
      {fault !== undefined && <FaultNote fault={fault} retry={retry} />}
      {total === 0 && empty}
      <div
        ref={box}
        class="virtual"
        hidden={total === 0}
        role={choose === undefined ? "list" : "listbox"}
        aria-label={label}
        aria-busy={total === undefined}
        tabIndex={0}
        aria-activedescendant={
          choose !== undefined && active >= first && active < shown ? `${id}-${active}` : undefined
        }
        onScroll={(event) => scrolled(event.currentTarget)}
        onKeyDown={press}
      >
        <div
          class="virtual-space"
          role="presentation"
          style={{ height: `${(total ?? 0) * rowHeight}px` }}
        >
          {rows}
        </div>
        {total === undefined && fault === undefined && <Waiting rows={6} />}
      </div>
    </>
  );
}
