/** The parts of a run's page, in the order of the navigation; `key` goes there after `g`. */
export const SECTIONS = [
  { name: "overview", title: "Overview", key: "o" },
  { name: "metrics", title: "Metrics", key: "m" },
  { name: "rollouts", title: "Rollouts", key: "r" },
  { name: "evals", title: "Evaluations", key: "e" },
  { name: "recipe", title: "Recipe", key: "c" },
  { name: "artifacts", title: "Artifacts", key: "a" },
  { name: "logs", title: "Log", key: "l" },
  { name: "alarms", title: "Alarms", key: "w" },
] as const;

export type Section = (typeof SECTIONS)[number]["name"];

/** What an address of the page shows. */
export type View =
  | { readonly kind: "runs" }
  | { readonly kind: "compare" }
  | { readonly kind: "run"; readonly run: string; readonly section: Section }
  | { readonly kind: "nowhere" };

export function viewOf(path: string): View {
  const [first = "", run, name = "overview", ...more] = path.split("/").filter(Boolean);
  if (first === "" || (first === "runs" && run === undefined)) return { kind: "runs" };
  if (first === "compare" && run === undefined) return { kind: "compare" };
  const section = SECTIONS.find((one) => one.name === name);
  if (first === "runs" && run !== undefined && section !== undefined && more.length === 0)
    return { kind: "run", run: decodeURIComponent(run), section: section.name };
  return { kind: "nowhere" };
}

export const runPath = (run: string, section: Section = "overview"): string =>
  `/runs/${encodeURIComponent(run)}/${section}`;
