import { expect, expectTypeOf, it } from "vitest";
import { eventSchema, toMetricValue, type EventInput, type MoonlightEvent } from "./event.ts";

const time = "2026-11-23T18:20:30.000Z";

it("accepts what stages emit once it is stamped", () => {
  const inputs: EventInput[] = [
    { type: "progress", task: "download", done: 1, total: 2, unit: "bytes" },
    { type: "metric", step: 3, values: { "train/pg_loss": -0.1, "train/kl": "NaN" } },
    { type: "warning", code: "SLOW", message: "slow", hint: "wait" },
    { type: "log", message: "hi", data: { a: [1, null] } },
  ];
  for (const input of inputs) {
    expect(eventSchema.parse({ ...input, time, run: "r", stage: "s" })).toMatchObject(input);
  }
});

it("refuses unknown types, missing fields and times that are none", () => {
  expect(eventSchema.safeParse({ type: "party", time }).success).toBe(false);
  expect(eventSchema.safeParse({ type: "progress", time, task: "x" }).success).toBe(false);
  expect(eventSchema.safeParse({ type: "log", time: "noon", message: "x" }).success).toBe(false);
  // JSON has no NaN: it would arrive as null, so it must be named.
  expect(
    eventSchema.safeParse({ type: "metric", time, step: 0, values: { a: Number.NaN } }).success,
  ).toBe(false);
});

it("names numbers that JSON cannot carry", () => {
  expect([1.5, Number.NaN, Infinity, -Infinity].map(toMetricValue)).toEqual([
    1.5,
    "NaN",
    "Infinity",
    "-Infinity",
  ]);
});

it("infers events by their type", () => {
  expectTypeOf<Extract<MoonlightEvent, { type: "progress" }>["done"]>().toEqualTypeOf<number>();
  expectTypeOf<Extract<EventInput, { type: "log" }>>().not.toHaveProperty("time");
});
