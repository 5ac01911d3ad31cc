import { useEffect, useRef } from "preact/hooks";
import { go } from "./place.ts";
import { runPath, SECTIONS } from "./sections.ts";

/** For the help; what lists do with arrows is theirs. */
export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ["?", "this help"],
  ["g then h", "all runs"],
  ...SECTIONS.map(({ key, title }) => [`g then ${key}`, title.toLowerCase()] as const),
  ["g then d", "compare with another run"],
  ["/", "search in the view"],
  ["t", "light, dark, or as the system"],
  ["↑ ↓  Page ↑ ↓  Home End", "move in a list"],
  ["[  ]", "previous, next rollout"],
  ["← →", "move along a curve that has the focus"],
  ["+  −  0", "zoom in, out and back on a curve that has the focus"],
  ["Esc", "close, or leave a field"],
];

/** How long `g` waits for the second key. */
const WAIT_MS = 1_200;

export interface ShortcutActions {
  readonly run: string | undefined;
  readonly help: () => void;
  readonly theme: () => void;
}

export function useShortcuts({ run, help, theme }: ShortcutActions): void {
  // Beyond the effect: the page may be drawn anew between `g` and the second key.
  const pressed = useRef(-Infinity);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as HTMLElement;
      if (isField(target)) {
        if (event.key === "Escape") target.blur();
        return;
      }
      if (document.querySelector("dialog[open]") !== null) return;
      const follows = event.timeStamp - pressed.current < WAIT_MS;
      pressed.current = -Infinity;
      if (follows) {
        const to = destination(event.key, run);
        if (to !== undefined) {
          event.preventDefault();
          go(to);
        }
        return;
      }
      if (event.key === "g") pressed.current = event.timeStamp;
      else if (event.key === "?") help();
      else if (event.key === "t") theme();
      else if (event.key === "/") {
        const search = document.querySelector<HTMLElement>("main input[type=search]");
        if (search === null) return;
        event.preventDefault();
        search.focus();
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [run, help, theme]);
}

function destination(key: string, run: string | undefined): string | undefined {
  if (key === "h") return "/";
  if (key === "d") return run === undefined ? "/compare" : `/compare?b=${encodeURIComponent(run)}`;
  const section = SECTIONS.find((one) => one.key === key);
  return section === undefined || run === undefined ? undefined : runPath(run, section.name);
}

function isField(element: HTMLElement): boolean {
  return (
    element.isContentEditable ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement ||
    (element instanceof HTMLInputElement && !["checkbox", "radio", "range"].includes(element.type))
  );
}
