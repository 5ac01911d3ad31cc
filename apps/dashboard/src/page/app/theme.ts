import { useEffect, useState } from "preact/hooks";

export type Theme = "system" | "light" | "dark";

const KEY = "moonlight-theme";
const THEMES: readonly Theme[] = ["system", "light", "dark"];

function stored(): Theme {
  try {
    const found = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === found) ?? "system";
  } catch {
    return "system";
  }
}

/** Before the first paint, so that it does not flash. */
export function applyTheme(theme: Theme = stored()): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  // The other appearance reads its colours from the styles: tell what draws by itself.
  dispatchEvent(new Event("moonlight-theme"));
}

/** The chosen appearance, and how to go to the next. */
export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(stored);
  const next = (): void => {
    // What the document has now: a second press may come before the first one is drawn.
    const now = THEMES.indexOf((document.documentElement.dataset["theme"] ?? "system") as Theme);
    const chosen = THEMES[(now + 1) % THEMES.length] ?? "system";
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // Kept for this visit only.
    }
    applyTheme(chosen);
    setTheme(chosen);
  };
  return [theme, next];
}

/** Counts changes of the appearance, for what draws on a canvas. */
export function useThemeRevision(): number {
  const [revision, setRevision] = useState(0);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const grow = (): void => setRevision((count) => count + 1);
    query.addEventListener("change", grow);
    addEventListener("moonlight-theme", grow);
    return () => {
      query.removeEventListener("change", grow);
      removeEventListener("moonlight-theme", grow);
    };
  }, []);
  return revision;
}
