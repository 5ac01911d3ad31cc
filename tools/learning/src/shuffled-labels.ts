import { createHash } from "node:crypto";

/**
 * The same rows with their labels dealt out anew, by a hash of seed and row: the answers are as likely as before and say
 * nothing about the questions.
 */
export function shuffleLabels(jsonl: string, seed: number): string {
  const rows = jsonl
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly label: unknown });
  const key = (index: number): string =>
    createHash("sha256").update(`${seed}/${index}`).digest("hex");
  const labels = rows
    .map(({ label }, index) => ({ label, key: key(index) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ label }) => label);
  return rows.map((row, index) => `${JSON.stringify({ ...row, label: labels[index] })}\n`).join("");
}
