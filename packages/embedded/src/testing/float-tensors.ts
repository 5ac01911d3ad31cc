import { readFileSync } from "node:fs";
import { z } from "zod";

const headerSchema = z.record(
  z.string(),
  z.object({ dtype: z.literal("F32"), data_offsets: z.tuple([z.int(), z.int()]) }),
);

/** The tensors of a small float32 safetensors file, by name. */
export function readFloatTensors(file: URL): Map<string, Float32Array> {
  const bytes = readFileSync(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...header } = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(bytes.toString("utf8", 8, begin)));
  return new Map(
    Object.entries(headerSchema.parse(header)).map(
      ([
        name,
        {
          data_offsets: [from, to],
        },
      ]) => [
        name,
        Float32Array.from({ length: (to - from) / 4 }, (_unused, i) =>
          bytes.readFloatLE(begin + from + 4 * i),
        ),
      ],
    ),
  );
}
