import { describe, expect, it } from "vitest";
import { z } from "zod";
import { grpoGolden } from "../testing/grpo-golden.ts";
import { PromptSource, type Prompt } from "./prompt-source.ts";

const { orders } = grpoGolden(
  "data",
  z.object({
    orders: z.array(
      z.object({
        seed: z.int(),
        size: z.int(),
        takes: z.array(z.int()),
        taken: z.array(z.array(z.int())),
        epoch: z.int(),
        offset: z.int(),
      }),
    ),
  }),
);

describe("PromptSource, against the reference's data source", () => {
  it.each(orders)("seed $seed, $size prompts", ({ seed, size, takes, taken, epoch, offset }) => {
    const prompts = Array.from({ length: size }, (_, i): Prompt => ({
      text: String(i),
      question: String(i),
      tokens: [i],
      label: null,
    }));
    const source = new PromptSource(prompts, { seed, shuffle: true });
    const got = takes.map((count) => source.take(count).map(({ text }) => Number(text)));
    expect(got).toEqual(taken);
    expect(source.cursor).toMatchObject({ epoch, offset });

    // A cursor is all the state.
    const middle = new PromptSource(prompts, { seed, shuffle: true });
    middle.take(takes[0] ?? 0);
    const rest = new PromptSource(prompts, { seed, shuffle: true, cursor: middle.cursor });
    expect(rest.take(takes[1] ?? 0).map(({ text }) => Number(text))).toEqual(taken[1]);
  });
});
