const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes for people, decimal units: 1234567 → "1.23 MB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // From 999.5 on, three digits would read as 1000.
  while (Math.abs(value) >= (unit === 0 ? 1000 : 999.5) && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${UNITS[unit] ?? "B"}`;
}

/** Seconds for people: 0.42 → "0.4 s", 75 → "1 m 15 s", 3700 → "1 h 2 m". */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
}

/** A share for people: 0.6789 → "67.9 %". */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
