import { z } from "zod";

const count = z.int().nonnegative();
const amount = count.nullable();

const room = z.object({
  path: z.string(),
  exists: z.boolean(),
  writable: z.boolean(),
  /** Bytes; null: cannot be said. */
  free: amount,
  total: amount,
});

/** What the probe prints of a node. */
export const nodeFactsSchema = z.object({
  host: z.string(),
  user: count,
  python: z.object({ version: z.string(), executable: z.string() }),
  /** That this process may use. */
  cpus: count,
  /** Bytes; `limit`: of the control group. */
  memory: z.object({ total: amount, available: amount, limit: amount }),
  sharedMemory: room,
  /** Soft limits; null: none. */
  limits: z.object({ openFiles: amount, processes: amount, lockedMemory: amount }),
  gpus: z.array(
    z.object({
      index: amount,
      name: z.string(),
      memoryMib: amount,
      usedMib: amount,
      driver: z.string(),
      computeCapability: z.string(),
    }),
  ),
  gpuProcesses: z.array(z.object({ pid: amount, name: z.string(), usedMib: amount })),
  gpusWithNvlink: amount,
  /** Of earlier runs, or of somebody else's. */
  processes: z.array(z.object({ pid: count, user: count, command: z.string() })),
  ports: z.array(z.object({ port: count, taken: z.boolean() })),
  paths: z.array(room),
  modules: z.array(
    z.object({
      name: z.string(),
      found: z.boolean(),
      version: z.string().nullish(),
      location: z.string().nullish(),
      commit: z.string().nullish(),
    }),
  ),
  /** What Ray counts on it, where it was asked through Ray. */
  ray: z.object({ CPU: z.number(), GPU: z.number() }).optional(),
});
export type NodeFacts = z.output<typeof nodeFactsSchema>;

/** A node that gave no answer. */
const silent = z.object({ host: z.string(), error: z.string() });
export type SilentNode = z.output<typeof silent>;

export const probeAnswerSchema = z.array(z.union([nodeFactsSchema, silent]));
