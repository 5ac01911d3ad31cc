import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { verifyCheckpoint } from "@moonlight-rl/checkpoint";
import { isMoonlightError } from "@moonlight-rl/core";
import { adoptArtifact } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { toTorchDist } from "../stage.ts";
import { TINY } from "./models.ts";

/** How a conversion failed, and what became of it. */
export interface Refused {
  readonly code: string;
  readonly exitCode: number;
  /** It names a file or a field, or says what to do. */
  readonly helps: boolean;
  readonly inTime: boolean;
  /** Artifacts that were there afterwards. */
  readonly published: readonly string[];
  /** The same conversion without the fault gives a checkpoint in which nothing is found wrong. */
  readonly completes: boolean;
  /** What else was promised of this fault and is not so. */
  readonly broken: readonly string[];
}

/** What every refused conversion has in common. */
export const REFUSED = {
  helps: true,
  inTime: true,
  published: [] as string[],
  completes: true,
  broken: [] as string[],
} as const;
export const IN_TIME_MS = 10_000;

/** One way in which a fault shows itself, such that the conversion cannot end well while it lasts. */
export interface FaultCase {
  /** What is so, in words. */
  readonly what: string;
  readonly code: string;
  readonly exitCode: number;
  readonly possible?: boolean;
  /** It is a limit that has to be kept, and no failure. */
  readonly ends?: boolean;
  /** `place` is an empty folder. */
  meet(place: string): Promise<Refused>;
}

/** A case in which a copy of the tiny model is spoiled; `prepare` is no part of the fault. */
export function spoiled(
  about: Omit<FaultCase, "meet">,
  spoil: (folder: string) => Promise<unknown>,
  {
    prepare,
    late = false,
  }: { readonly prepare?: (folder: string) => Promise<void>; readonly late?: boolean } = {},
): FaultCase {
  return {
    ...about,
    meet: (place) =>
      withStage(toTorchDist, async (kit) => {
        const [folder, whole] = [join(place, "model"), join(place, "whole")];
        await cp(TINY, whole, { recursive: true });
        await prepare?.(whole);
        await cp(whole, folder, { recursive: true });
        if (!late) await spoil(folder);
        const input = { model: await adoptArtifact("hf-model", folder) };
        // Late: after it was looked at, and before it is read.
        if (late) await spoil(folder);
        const start = performance.now();
        const error: unknown = await kit.run(input).then(
          () => new Error("nothing was refused"),
          (reason: unknown) => reason,
        );
        const inTime = performance.now() - start < IN_TIME_MS;
        if (!isMoonlightError(error)) throw error;
        const published = await readdir(kit.workspace.store).catch(() => []);
        await rm(folder, { recursive: true });
        await cp(whole, folder, { recursive: true });
        const { checkpoint } = await kit.run({ model: await adoptArtifact("hf-model", folder) });
        const { findings } = await verifyCheckpoint(checkpoint.path, { model: folder });
        const { code, exitCode, hint, field, file } = error;
        return {
          code,
          exitCode,
          helps: (hint ?? field ?? file) !== undefined,
          inTime,
          published,
          completes: findings.length === 0,
          broken: [],
        };
      }),
  };
}
