/** A tqdm bar at one moment. */
export interface Bar {
  readonly task: string;
  readonly done: number;
  readonly total: number;
}

/** `Rollout generation:  12%|█▏  | 128/1024 [01:02<07:14,  2.06it/s]`, and the engine's `10% Completed | 1/10 [`. */
const BAR =
  /^(.{0,200}?):?\s*\d{1,3}%(?:\|[^|]{0,500}\|| Completed \|)\s*([\d.]+[kMGT]?)\/([\d.]+[kMGT]?) \[/;
const SCALE: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** The bar that a text shows, if it shows one. */
export function readBar(text: string): Bar | undefined {
  // Most lines have no per cent sign, and the pattern is not for all of them.
  if (!text.includes("%")) return undefined;
  const found = BAR.exec(text);
  if (found === null) return undefined;
  const [, task = "", done = "", total = ""] = found;
  return { task: task.trim(), done: scaled(done), total: scaled(total) };
}

function scaled(text: string): number {
  return Number.parseFloat(text) * (SCALE[text.charAt(text.length - 1)] ?? 1);
}
