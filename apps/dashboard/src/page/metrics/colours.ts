/** Colours of curves that are told apart, as tokens of the styles. */
const CURVES = 8;

/** A colour of the styles as the canvas wants it: custom properties do not resolve light-dark() themselves. */
export function colour(token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export const curveToken = (index: number): string => `--curve-${(index % CURVES) + 1}`;
