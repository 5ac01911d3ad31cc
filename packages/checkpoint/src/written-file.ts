import type { Sha256 } from "@moonlight-rl/core";

export interface WrittenFile {
  /** Relative to the folder that was written. */
  readonly path: string;
  readonly size: number;
  readonly sha256: Sha256;
}
