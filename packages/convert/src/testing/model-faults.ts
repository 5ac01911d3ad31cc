import { appendFile, cp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openHfModel } from "@moonlight-rl/checkpoint";
import { spoiled, type FaultCase } from "./fault-case.ts";
import { editConfig, editWeights, INDEX, reheader, shard, WEIGHTS } from "./models.ts";

const SHARDED = { prepare: shard };
const shards = async (folder: string): Promise<string[]> =>
  (await readdir(folder))
    .filter((name) => name.startsWith("model-0"))
    .sort()
    .map((name) => join(folder, name));

const shape = (what: string, changes: object): FaultCase =>
  spoiled({ what, code: "TENSOR_SHAPE", exitCode: 4 }, (folder) => editConfig(folder, changes));

const header = { code: "SAFETENSORS_HEADER", exitCode: 4 };

/** Two tensors with the same bytes. */
const overlapping = (folder: string): Promise<void> =>
  reheader(folder, (entries) => {
    const [first, twin] = Object.values(entries).filter((entry) => "data_offsets" in entry);
    if (first !== undefined && twin !== undefined)
      [twin.data_offsets, twin.shape] = [first.data_offsets, first.shape];
    return JSON.stringify(entries);
  });

/** Faults of what is to be converted. */
export const MODEL_FAULTS = {
  C1: [
    spoiled(
      { what: "a shard is missing", code: "SHARD_MISSING", exitCode: 3 },
      async (folder) => rm((await shards(folder))[1] ?? ""),
      SHARDED,
    ),
  ],
  C2: [
    spoiled(
      { what: "the index names a tensor that is nowhere", code: "TENSOR_MISSING", exitCode: 4 },
      async (folder) => {
        const file = join(folder, INDEX);
        const index = JSON.parse(await readFile(file, "utf8")) as { weight_map: object };
        const first = Object.values(index.weight_map)[0] as string;
        await writeFile(
          file,
          JSON.stringify({ weight_map: { ...index.weight_map, absent: first } }),
        );
      },
      SHARDED,
    ),
  ],
  C3: [
    spoiled(
      { what: "two shards have the same tensors", code: "TENSOR_DUPLICATE", exitCode: 4 },
      async (folder) => {
        const [first = "", second = ""] = await shards(folder);
        await cp(first, second);
      },
      SHARDED,
    ),
  ],
  C4: [
    shape("shapes differ from the config", { moe_intermediate_size: 3 }),
    shape("there are fewer experts than the config says", { n_routed_experts: 99 }),
    shape("the vocabulary is another than the config's", { vocab_size: 7 }),
    spoiled(
      {
        what: "a dtype is one that the format has and this family has not",
        code: "TENSOR_DTYPE",
        exitCode: 4,
      },
      (folder) =>
        reheader(folder, (entries) =>
          JSON.stringify(entries).replace(/"dtype":"\w+"/, '"dtype":"F8_E4M3"'),
        ),
    ),
    spoiled(
      { what: "a dtype is another than the config's", code: "TENSOR_DTYPE", exitCode: 4 },
      (folder) =>
        reheader(folder, (entries) => {
          const entry = entries["lm_head.weight"];
          if (entry !== undefined) entry.dtype = "F16";
          return JSON.stringify(entries);
        }),
    ),
  ],
  C5: [4, 100, 5000].map((length) =>
    spoiled(
      { what: `the file ends after ${length} bytes`, code: "SAFETENSORS_TRUNCATED", exitCode: 4 },
      (folder) => editWeights(folder, (bytes) => bytes.subarray(0, length)),
    ),
  ),
  C6: [
    ...[100_000_001n, 2n ** 63n, 2n ** 64n - 1n].map((length) =>
      spoiled({ what: `the header has ${length} bytes`, ...header }, (folder) =>
        editWeights(folder, (bytes) => {
          bytes.writeBigUInt64LE(length);
          return undefined;
        }),
      ),
    ),
    spoiled({ what: "the header is no JSON", ...header }, (folder) =>
      reheader(folder, () => "{nonsense"),
    ),
    spoiled({ what: "tensors overlap", code: "SAFETENSORS_LAYOUT", exitCode: 4 }, overlapping),
  ],
  C7: [
    ["NaN", 0x7fff],
    ["Infinity", 0x7f80],
    ["-Infinity", 0xff80],
  ].map(([name, bits]) =>
    spoiled(
      { what: `${name} is among the weights`, code: "TENSOR_NOT_FINITE", exitCode: 4 },
      (folder) =>
        editWeights(folder, (bytes) => {
          bytes.writeUInt16LE(Number(bits), bytes.length - 2);
          return undefined;
        }),
    ),
  ),
  C8: [
    spoiled(
      { what: "the vocabulary is padded beyond the config's", code: "TENSOR_SHAPE", exitCode: 4 },
      async (folder) => {
        const { config } = await openHfModel(folder);
        await editConfig(folder, { vocab_size: config.vocab_size - 1 });
      },
    ),
  ],
  C11: [
    spoiled(
      {
        what: "the weights grow after they were looked at",
        code: "SAFETENSORS_LAYOUT",
        exitCode: 4,
      },
      (folder) => appendFile(join(folder, WEIGHTS), "more"),
      { late: true },
    ),
    spoiled(
      {
        what: "a byte of the weights changes after they were looked at",
        code: "ARTIFACT_CHANGED",
        exitCode: 4,
      },
      (folder) =>
        editWeights(folder, (bytes) => {
          bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
          return undefined;
        }),
      { late: true },
    ),
    spoiled(
      {
        what: "the weights are replaced after they were looked at",
        code: "ARTIFACT_CHANGED",
        exitCode: 4,
      },
      async (folder) => {
        await cp(join(folder, WEIGHTS), join(folder, "other"));
        await rename(join(folder, "other"), join(folder, WEIGHTS));
        await editWeights(folder, (bytes) => {
          bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1;
          return undefined;
        });
      },
      { late: true },
    ),
  ],
  C12: Object.entries({
    model_type: "qwen3_moe",
    quantization_config: { quant_method: "fp8" },
    scoring_func: "softmax",
    topk_method: "greedy",
  }).map(([field, value]) =>
    spoiled(
      {
        what: `${field} is ${JSON.stringify(value)}`,
        code: "MODEL_CONFIG_INVALID",
        exitCode: 2,
      },
      // Without weights: it is refused before any is looked for.
      async (folder) => {
        await editConfig(folder, { [field]: value });
        await rm(join(folder, WEIGHTS));
      },
    ),
  ),
} as const satisfies Record<string, readonly FaultCase[]>;
