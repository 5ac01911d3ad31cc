/** P(Z ≤ z) of the standard normal distribution. */
export function normalCdf(z: number): number {
  const tail = upperTail(Math.abs(z));
  return z > 0 ? 1 - tail : tail;
}

/** The z with P(Z ≤ z) = `probability`, 0 < probability < 1. */
export function normalQuantile(probability: number): number {
  if (probability > 0.5) return -normalQuantile(1 - probability);
  let low = -40;
  let high = 0;
  for (let middle = -1; middle > low && middle < high; middle = (low + high) / 2) {
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return high;
}

/** P(Z > z) for z ≥ 0: a power series near the centre, the continued fraction of Mills' ratio outside. */
function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z;
    let total = z;
    for (let i = 3; term > total * 1e-17; i += 2) {
      term *= (z * z) / i;
      total += term;
    }
    return 0.5 - density * total;
  }
  let fraction = z;
  for (let i = 120; i > 0; i--) fraction = z + i / fraction;
  return density / fraction;
}
