import { z } from "zod";

const fileSchema = z.object({ path: z.string(), size: z.int(), sha256: z.string() });

const nodeShape = {
  digest: z.string(),
  kind: z.string(),
  /** Relative to the workspace where inside it. */
  path: z.string().optional(),
  bytes: z.int().optional(),
  files: z.int().optional(),
  /** false: known by name only, its folder is gone. */
  present: z.boolean(),
  meta: z.record(z.string(), z.json()),
  /** Stage that made it, where known. */
  producer: z.string().optional(),
  key: z.string().optional(),
  created: z.string().optional(),
};

/** GET /api/runs/:run/artifacts: what the run's stages took and made. */
export const artifactsSchema = z.object({
  artifacts: z.array(
    z.object({
      ...nodeShape,
      /** Call of this run that made it; absent: it came from outside. */
      stage: z.string().optional(),
      usedBy: z.array(z.string()),
    }),
  ),
});
export type ArtifactsAnswer = z.output<typeof artifactsSchema>;

/** GET /api/artifacts/:digest (whole): one artifact, its files, and all that it was made from. */
export const artifactSchema = z.object({
  ...nodeShape,
  /** At most 2,000; `files` counts all. */
  fileList: z.array(fileSchema),
  /** Producer's record: stage, package, versions, host, time. */
  provenance: z.record(z.string(), z.json()),
  /** Nearest first, each once; `from` are digests of the inputs of the node. */
  lineage: z.array(
    z.object({
      ...nodeShape,
      depth: z.int(),
      from: z.array(z.string()),
      fileList: z.array(fileSchema),
    }),
  ),
  from: z.array(z.string()),
});
export type ArtifactAnswer = z.output<typeof artifactSchema>;
