import { isRight, type GradedSample } from "../result/graded-sample.ts";

/** Samples whose length is from `from` up to, without, `to`. */
export interface LengthBin {
  readonly from: number;
  readonly to: number;
  readonly right: number;
  readonly wrong: number;
  /** Cut off at the length limit, right or wrong. */
  readonly truncated: number;
}

/** Lengths of one response each. */
export type LengthSample = Pick<GradedSample, "outcome" | "truncated"> & {
  readonly length: number;
};

/** About `count` bins of equal, round width from 0 to the longest. */
export function lengthHistogram(samples: readonly LengthSample[], count = 30): LengthBin[] {
  const longest = samples.reduce((most, { length }) => Math.max(most, length), 0);
  const width = roundWidth((longest + 1) / count);
  const bins = Array.from({ length: Math.floor(longest / width) + 1 }, (_, i) => ({
    from: i * width,
    to: (i + 1) * width,
    right: 0,
    wrong: 0,
    truncated: 0,
  }));
  for (const sample of samples) {
    const { length, truncated } = sample;
    const bin = bins[Math.floor(length / width)];
    if (bin === undefined) continue;
    if (isRight(sample)) bin.right++;
    else bin.wrong++;
    if (truncated) bin.truncated++;
  }
  return bins;
}

/** The next larger of 1, 2 and 5 times a power of ten. */
function roundWidth(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((step) => step * power).find((width) => width >= least) ?? 1;
}
