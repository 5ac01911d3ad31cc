const BARS = "▁▂▃▄▅▆▇█";

/** The newest `width` values as a line of bars between their least and their greatest; gaps (NaN, infinities) are blanks. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const finite = shown.filter(Number.isFinite);
  const least = Math.min(...finite);
  const span = Math.max(...finite) - least;
  return shown
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      // Equal values are a flat line in the middle, not at the bottom.
      const share = span === 0 ? 0.5 : (value - least) / span;
      return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? " ";
    })
    .join("");
}
