import { formatTable, VerificationError } from "@moonlight-rl/core";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { requireMatches } from "./require-matches.ts";

const count = z.int().nonnegative();
const side = z.object({ dtype: z.string(), shape: z.array(count) });

export const diff = defineSubcommand({
  name: "diff",
  title: "Compare two checkpoints tensor by tensor, in either format.",
  examples: [
    "./Moonlight-16B-A3B ./trained",
    "./before ./after --filter '*.mlp.gate.*' --tolerance 1e-6 --json",
  ],
  input: z.strictObject({
    a: z.string().describe("safetensors file, model folder, or torch_dist checkpoint"),
    b: z.string().describe("what it is compared with"),
    model: z
      .string()
      .optional()
      .describe("folder whose config.json maps Megatron's names; default: the model's own"),
    filter: z.string().default("*").describe("only tensors of this name; * is any text"),
    tolerance: z
      .number()
      .nonnegative()
      .default(0)
      .describe("largest |a - b| that counts as equal; 0: equal bits"),
  }),
  positionals: ["a", "b"],
  output: z.object({
    tensors: z.array(
      z.object({
        name: z.string(),
        status: z.enum(["equal", "values", "dtype", "shape", "only-a", "only-b"]),
        a: side.optional(),
        b: side.optional(),
        differing: count.optional(),
        maxAbs: z.number().optional(),
        maxRel: z.number().optional(),
        nonFinite: count.optional(),
      }),
    ),
    equal: count,
    different: count,
  }),
  async run({ a, b, model, filter, tolerance }, { signal }) {
    const options = { filter, tolerance, signal, ...(model === undefined ? {} : { model }) };
    const { diffCheckpoints } = await import("@moonlight-rl/checkpoint");
    const found = await diffCheckpoints(a, b, options);
    requireMatches(filter, found.length);
    const tensors = found.map(({ a: left, b: right, ...rest }) => ({
      ...rest,
      ...(left === undefined ? {} : { a: { ...left, shape: [...left.shape] } }),
      ...(right === undefined ? {} : { b: { ...right, shape: [...right.shape] } }),
    }));
    const equal = tensors.filter(({ status }) => status === "equal").length;
    return { tensors, equal, different: tensors.length - equal };
  },
  present({ tensors, equal, different }) {
    const text = (value: z.output<typeof side> | undefined): string =>
      value === undefined ? "-" : `${value.dtype} ${value.shape.join("×")}`;
    const rows = tensors
      .filter(({ status }) => status !== "equal")
      .map(({ name, status, a, b, differing, maxAbs, maxRel, nonFinite }) => [
        name,
        status,
        text(a),
        text(b),
        String(differing ?? "-"),
        maxAbs?.toPrecision(3) ?? "-",
        maxRel?.toPrecision(3) ?? "-",
        String(nonFinite ?? "-"),
      ]);
    const table = formatTable(
      [
        { title: "tensor" },
        { title: "status" },
        { title: "a" },
        { title: "b" },
        { title: "differing", align: "right" },
        { title: "max abs", align: "right" },
        { title: "max rel", align: "right" },
        { title: "not finite", align: "right" },
      ],
      rows,
    );
    return `${rows.length === 0 ? "" : `${table}\n`}${equal} equal, ${different} different`;
  },
  verdict({ tensors, different }) {
    const first = tensors.find(({ status }) => status !== "equal");
    return first === undefined
      ? undefined
      : new VerificationError("CHECKPOINTS_DIFFER", `${different} tensors differ.`, {
          field: first.name,
        });
  },
});
