/** A tqdm bar at one moment. */
export interface Bar {
  readonly task: string;
  readonly done: number;
  readonly total: number;
}

/** Behind the per cent sign: `|█▏  | 128/1024 [01:02<07:14,  2.06it/s]`, or the engine's ` Completed | 1/10 [`. */
const COUNTS = /%(?:\|[^|]{0,500}\|| Completed \|)\s*([\d.]+[kMGT]?)\/([\d.]+[kMGT]?) \[/y;
const MAX_TITLE = 200;
const SCALE: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** The bar that a text shows, if it shows one: `Rollout generation:  12%|█▏  | 128/1024 [01:02<07:14,  2.06it/s]`. */
export function readBar(text: string): Bar | undefined {
  const sign = text.indexOf("%");
  if (sign < 1 || sign > MAX_TITLE) return undefined;
  let title = sign;
  let code = text.charCodeAt(title - 1);
  while (code >= 0x30 && code <= 0x39) code = text.charCodeAt(--title - 1);
  if (title === sign) return undefined;
  COUNTS.lastIndex = sign;
  const found = COUNTS.exec(text);
  if (found === null) return undefined;
  const [, done = "", total = ""] = found;
  const task = text.slice(0, title).trim();
  return {
    task: task.endsWith(":") ? task.slice(0, -1) : task,
    done: scaled(done),
    total: scaled(total),
  };
}

function scaled(text: string): number {
  return Number.parseFloat(text) * (SCALE[text.charAt(text.length - 1)] ?? 1);
}
