import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openHfModel, tensorBytes, writeHfModel, type HfModel } from "@moonlight-rl/checkpoint";
import { hfTensors, MOONLIGHT_16B_A3B, type HfConfig } from "@moonlight-rl/model";

const SHARD_BYTES = 1e9;
const NOISE_BYTES = 32 << 20;
const MARKER = ".complete";

/** Tensors with the shapes of Moonlight-16B-A3B, in as few layers as give that many bytes; random finite bfloat16. */
export async function syntheticModel(
  folder: string,
  bytes: number,
  signal: AbortSignal,
): Promise<{ model: HfModel; bytes: number }> {
  const config = smallestConfig(bytes);
  const target = join(folder, `moonlight-shaped-${config.num_hidden_layers}-layers`);
  if (!existsSync(join(target, MARKER))) {
    const noise = finiteNoise();
    const tensors = hfTensors(config).map(({ name, shape }, i) => ({
      name,
      shape,
      dtype: "BF16" as const,
      read: () => repeat(noise, tensorBytes(shape, "BF16"), i),
    }));
    await writeHfModel(target, {
      config: { ...config } as never,
      tensors,
      maxShardBytes: SHARD_BYTES,
      signal,
    });
    await writeFile(join(target, MARKER), "");
  }
  return { model: await openHfModel(target), bytes: modelBytes(config) };
}

export function modelBytes(config: HfConfig): number {
  return hfTensors(config).reduce((sum, { shape }) => sum + tensorBytes(shape, "BF16"), 0);
}

function smallestConfig(bytes: number): HfConfig {
  for (let layers = 2; ; layers++) {
    const config = { ...MOONLIGHT_16B_A3B, num_hidden_layers: layers };
    if (layers === MOONLIGHT_16B_A3B.num_hidden_layers || modelBytes(config) >= bytes)
      return config;
  }
}

/** The same on every machine (xorshift); exponents below one, so nothing is NaN or infinite. */
function finiteNoise(): Uint8Array {
  const noise = new Uint32Array(NOISE_BYTES / 4);
  let state = 2_463_534_242;
  for (let i = 0; i < noise.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[i] = (state & 0x80ff_80ff) | 0x3c00_3c00;
  }
  return new Uint8Array(noise.buffer);
}

async function* repeat(noise: Uint8Array, bytes: number, from: number): AsyncGenerator<Uint8Array> {
  const block = 1 << 20;
  for (let done = 0; done < bytes; done += block) {
    const start = ((from * 7919 * 64 + done) % (noise.length - block)) & ~1;
    yield noise.subarray(start, start + Math.min(block, bytes - done));
  }
}
