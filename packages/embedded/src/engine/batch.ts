import type { RopeTable } from "../model/rope.ts";
import { tensor, type Tensors } from "../onnx/session.ts";
import type { MicroBatch } from "./packing.ts";
import type { TokenSequence } from "./types.ts";

/** Added to attention scores of token pairs that must not see each other. */
export const HIDDEN = -1e9;

/** One response token that is scored: which sample, and which of its response tokens. */
export interface ScoredToken {
  readonly sample: number;
  readonly index: number;
}

/** A micro-batch as feeds of the transformer, and what its scored tokens (in feed order) are. */
export interface BatchFeeds {
  readonly feeds: Tensors;
  readonly scored: readonly ScoredToken[];
}

/** Lays a micro-batch out; positions restart after the prompt for every response, and responses do not see each other. */
export function batchFeeds(
  { rows, length }: MicroBatch,
  samples: readonly TokenSequence[],
  rope: RopeTable,
): BatchFeeds {
  const tokens = new BigInt64Array(rows.length * length);
  const positions = new BigInt64Array(rows.length * length);
  let places = 0;
  const mask = new Float32Array(rows.length * length * length).fill(HIDDEN);
  const selected: number[] = [];
  const row: number[] = [];
  const target: number[] = [];
  const scored: ScoredToken[] = [];

  rows.forEach(({ prompt, samples: members }, rowIndex) => {
    const base = rowIndex * length;
    const shared = prompt.length;
    let at = 0;
    const put = (token: number, position: number, segmentStart: number): void => {
      tokens[base + at] = BigInt(token);
      positions[base + at] = BigInt(position);
      places = Math.max(places, position + 1);
      const line = (base + at) * length;
      mask.fill(0, line, line + Math.min(shared, at + 1));
      if (at >= shared) mask.fill(0, line + segmentStart, line + at + 1);
      at++;
    };
    prompt.forEach((token, position) => put(token, position, 0));
    const lastOfPrompt = selected.push(base + shared - 1) - 1;
    for (const sample of members) {
      const response = (samples[sample] as TokenSequence).tokens.slice(shared);
      const segmentStart = at;
      response.forEach((token, index) => {
        row.push(index === 0 ? lastOfPrompt : selected.length - 1);
        target.push(token);
        scored.push({ sample, index });
        if (index === response.length - 1) return;
        put(token, shared + index, segmentStart);
        selected.push(base + at - 1);
      });
    }
    // Padding sees itself only, so that its softmax is defined.
    for (; at < length; at++) mask[(base + at) * length + at] = 0;
  });

  const { count, cos, sin } = rope.angles(places);
  const shape = [count, cos.length / count];
  return {
    scored,
    feeds: {
      tokens: tensor(tokens, [tokens.length]),
      positions: tensor(positions, [positions.length, 1]),
      cos: tensor(cos, shape),
      sin: tensor(sin, shape),
      mask: tensor(mask, [rows.length, length, length]),
      selected: int64(selected),
      row: int64(row),
      target: int64(target),
    },
  };
}

function int64(values: readonly number[]): Tensors[string] {
  return tensor(BigInt64Array.from(values, BigInt), [values.length]);
}
