/**
 * The 95 % interval (Wilson) of a share over `problems`. Where each problem has several samples the true one is no wider: a mean of
 * values from 0 to 1 varies at most as a single draw does.
 */
export function shareInterval(
  share: number,
  problems: number,
): readonly [low: number, high: number] {
  const z = 1.959964;
  const center = (share + (z * z) / (2 * problems)) / (1 + (z * z) / problems);
  const half =
    (z / (1 + (z * z) / problems)) *
    Math.sqrt((share * (1 - share)) / problems + (z * z) / (4 * problems * problems));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}
