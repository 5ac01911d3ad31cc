import type { ContentDigests } from "./file-hash.ts";

/** What a disk thread is told; commands of one file are carried out in order, each gets a reply. */
export type DiskCommand = { readonly id: number; readonly file: number } & (
  | { readonly op: "open"; readonly size: number; readonly withBlobSha1: boolean }
  | {
      readonly op: "write";
      readonly fd: number;
      readonly offset: number;
      /** Where in the shared memory the bytes are. */
      readonly at: number;
      readonly length: number;
      readonly hashed: boolean;
    }
  | { readonly op: "read"; readonly fd: number; readonly start: number; readonly end: number }
  | { readonly op: "digest" }
  | { readonly op: "drop" }
);

export interface DiskReply {
  readonly id: number;
  readonly digests?: ContentDigests;
  readonly error?: { readonly message: string; readonly code: string | undefined };
}
