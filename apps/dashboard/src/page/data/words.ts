import { formatBytes, formatDuration, formatPercent } from "@moonlight-rl/core";

export { formatBytes, formatDuration, formatPercent };

/** A figure for people: four digits, 1234567 → "1,234,567", 0.000012 → "1.2e-5". */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "—";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value))
    return size < 1e9 ? value.toLocaleString("en") : value.toPrecision(4);
  if (size < 1e-3 || size >= 1e7) return String(Number(value.toPrecision(3))).replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

/** How many, with the word for it: "1 sample", "2,048 samples". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/** "29 Nov 10:48:47", in the reader's time zone. */
export function when(time: string): string {
  return new Date(time).toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}

export function clock(time: string): string {
  return new Date(time).toLocaleTimeString("en-GB");
}

/** "3 min ago" */
export function ago(time: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** With its sign: "+5.9". */
export function signed(value: number, digits = 1): string {
  return `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(digits)}`;
}

/** The beginning of a digest, as everywhere in this project. */
export const short = (digest: string): string => digest.slice(0, 16);

/** A value of a recipe or a parameter as people write it. */
export function plain(value: unknown): string {
  if (typeof value === "string") return value === "" ? '""' : value;
  if (value === undefined) return "—";
  return JSON.stringify(value);
}
