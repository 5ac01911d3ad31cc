import type { TensorReport } from "@moonlight-rl/checkpoint";
import { formatBytes, formatTable } from "@moonlight-rl/core";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { requireMatches } from "./require-matches.ts";

const size = z.int().nonnegative();

export const inspect = defineSubcommand({
  name: "inspect",
  title: "Show the tensors of a safetensors file or folder, or of a torch_dist checkpoint.",
  examples: [
    "./Moonlight-16B-A3B",
    "./trained --filter '*.experts.*'",
    "./trained/iter_0000019 --json",
  ],
  input: z.strictObject({
    path: z.string().describe("safetensors file, model folder, or torch_dist checkpoint"),
    filter: z.string().default("*").describe("only tensors of this name; * is any text"),
  }),
  positionals: ["path"],
  output: z.object({
    format: z.enum(["safetensors", "torch_dist"]),
    folder: z.string(),
    iteration: z.union([z.int(), z.literal("release")]).optional(),
    args: z.record(z.string(), z.unknown()).optional(),
    tensors: z.array(
      z.object({
        name: z.string(),
        dtype: z.string(),
        shape: z.array(size),
        bytes: size,
        grid: z.array(size).optional(),
        chunks: size,
        files: z.array(z.string()),
      }),
    ),
    others: z.record(z.string(), z.string()),
    total: z.object({ tensors: size, chunks: size, elements: size, bytes: size, files: size }),
  }),
  run: async ({ path, filter }) => {
    const { inspectCheckpoint } = await import("@moonlight-rl/checkpoint");
    const { tensors, args, ...rest } = await inspectCheckpoint(path, filter);
    requireMatches(filter, tensors.length);
    return {
      ...rest,
      ...(args === undefined ? {} : { args: { ...args } }),
      tensors: tensors.map(copy),
    };
  },
  present({ format, folder, iteration, args, tensors, others, total }) {
    const head = `${format} ${folder}${iteration === undefined ? "" : `, iteration ${iteration}`}`;
    const rows = tensors.map(({ name, dtype, shape, bytes, grid, chunks, files }) => [
      name,
      dtype,
      shape.join("×"),
      formatBytes(bytes),
      grid === undefined ? `${chunks} irregular` : grid.join("×"),
      files.length > 2 ? `${files[0]} … (${files.length})` : files.join(", "),
    ]);
    const table = formatTable(
      [
        { title: "tensor" },
        { title: "dtype" },
        { title: "shape" },
        { title: "size", align: "right" },
        { title: "chunks" },
        { title: "files" },
      ],
      rows,
    );
    const left = Object.keys(others).length;
    return [
      head,
      ...parallelLayout(args),
      table,
      `${total.tensors} tensors, ${total.elements} elements, ${formatBytes(total.bytes)} in ${total.chunks} chunks of ${total.files} files${left === 0 ? "" : `, and ${left} other entries`}`,
    ].join("\n");
  },
});

function copy({ shape, files, grid, ...rest }: TensorReport) {
  return {
    ...rest,
    shape: [...shape],
    files: [...files],
    ...(grid === undefined ? {} : { grid: [...grid] }),
  };
}

const PARALLEL = [
  ["TP", "tensor_model_parallel_size"],
  ["PP", "pipeline_model_parallel_size"],
  ["CP", "context_parallel_size"],
  ["EP", "expert_model_parallel_size"],
  ["ETP", "expert_tensor_parallel_size"],
  ["world", "world_size"],
] as const;

/** The sizes that the run which saved the checkpoint had, in one line. */
function parallelLayout(args: Readonly<Record<string, unknown>> | undefined): string[] {
  const sizes = PARALLEL.flatMap(([name, field]) => {
    const value = args?.[field];
    return typeof value === "number" ? [`${name} ${value}`] : [];
  });
  return sizes.length === 0 ? [] : [`saved with ${sizes.join(", ")}`];
}
