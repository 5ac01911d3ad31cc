/** Lines that only one of two reports has, the first twenty; undefined when the reports are equal. */
export function lineDifference(reviewed: string, now: string): string | undefined {
  if (reviewed === now) return undefined;
  const old = new Set(reviewed.split("\n"));
  const fresh = new Set(now.split("\n"));
  const lines = [
    ...[...old].filter((line) => !fresh.has(line)).map((line) => `- ${line}`),
    ...[...fresh].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ];
  return lines.length === 0 ? "the order of lines" : lines.slice(0, 20).join("\n");
}
