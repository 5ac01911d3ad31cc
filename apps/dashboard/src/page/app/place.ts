import { useEffect, useState } from "preact/hooks";

/** Where the reader is: the address is the only state that a link or a reload has to carry. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const CHANGED = "moonlight-place";

const current = (): Place => ({
  path: location.pathname,
  query: new URLSearchParams(location.search),
});

/** Goes to an address of the page; `replace` leaves no step to go back to. */
export function go(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (to === `${location.pathname}${location.search}`) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  dispatchEvent(new Event(CHANGED));
}

/** Changes parameters of the address and leaves no step to go back to; undefined takes one away. */
export function setQuery(change: Readonly<Record<string, string | number | undefined>>): void {
  const { path, query } = current();
  for (const [key, value] of Object.entries(change))
    if (value === undefined || value === "") query.delete(key);
    else query.set(key, String(value));
  const text = query.toString();
  go(text === "" ? path : `${path}?${text}`, { replace: true });
}

export function usePlace(): Place {
  const [place, setPlace] = useState(current);
  useEffect(() => {
    const update = (): void => setPlace(current());
    addEventListener("popstate", update);
    addEventListener(CHANGED, update);
    document.addEventListener("click", follow);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener(CHANGED, update);
      document.removeEventListener("click", follow);
    };
  }, []);
  return place;
}

/** Plain links stay in the page; with a modifier key they do what the browser does. */
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest("a");
  if (link === null || link === undefined || link.target !== "") return;
  if (link.origin !== location.origin || link.hasAttribute("download") || link.hash !== "") return;
  event.preventDefault();
  go(`${link.pathname}${link.search}`);
}
