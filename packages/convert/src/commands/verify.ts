import { formatBytes, formatTable, VerificationError } from "@moonlight-rl/core";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { byteProgress } from "../progress.ts";

const size = z.int().nonnegative();

export const verify = defineSubcommand({
  name: "verify",
  title: "Read every byte of a checkpoint and list what is wrong with it.",
  examples: ["./Moonlight-16B-A3B", "./trained --model ./Moonlight-16B-A3B --json"],
  input: z.strictObject({
    path: z.string().describe("safetensors file, model folder, or torch_dist checkpoint"),
    model: z
      .string()
      .optional()
      .describe("folder whose config.json it must agree with; default: its own"),
  }),
  positionals: ["path"],
  output: z.object({
    findings: z.array(
      z.object({
        code: z.string(),
        name: z.string(),
        message: z.string(),
        file: z.string().optional(),
        byteOffset: size.optional(),
      }),
    ),
    tensors: size,
    chunks: size,
    bytes: size,
    against: z.enum(["config.json", "args", "nothing"]),
  }),
  async run({ path, model }, { signal, emit }) {
    const { verifyCheckpoint } = await import("@moonlight-rl/checkpoint");
    let progress: ((bytes: number) => void) | undefined;
    let before = 0;
    const result = await verifyCheckpoint(path, {
      signal,
      ...(model === undefined ? {} : { model }),
      onBytes(bytes, total) {
        progress ??= byteProgress("verify", total, emit);
        progress(bytes - before);
        before = bytes;
      },
    });
    return { ...result, findings: result.findings.map((finding) => ({ ...finding })) };
  },
  present({ findings, tensors, chunks, bytes, against }) {
    const read = `read ${tensors} tensors, ${chunks} chunks, ${formatBytes(bytes)}; names and shapes compared with ${against}`;
    if (findings.length === 0) return `${read}\nnothing is wrong`;
    const rows = findings.map(({ code, name, message }) => [code, name, message]);
    return `${formatTable([{ title: "code" }, { title: "tensor" }, { title: "what" }], rows)}\n${read}`;
  },
  verdict: ({ findings }) =>
    findings[0] === undefined
      ? undefined
      : new VerificationError(
          "CHECKPOINT_INVALID",
          `${findings.length} ${findings.length === 1 ? "thing is" : "things are"} wrong; the first: ${findings[0].message}`,
          { field: findings[0].name, hint: "Fetch or convert it again, or take an earlier one." },
        ),
});
