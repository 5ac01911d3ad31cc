import type { ContentDigests } from "./file-hash.ts";

/** What a hashing thread is told; commands of one file are carried out in order, each gets a reply. */
export type HashCommand = { readonly id: number; readonly file: number } & (
  | { readonly op: "open"; readonly size: number; readonly withBlobSha1: boolean }
  | { readonly op: "update"; readonly bytes: ArrayBuffer; readonly length: number }
  | { readonly op: "read"; readonly fd: number; readonly start: number; readonly end: number }
  | { readonly op: "digest" }
  | { readonly op: "drop" }
);

export interface HashReply {
  readonly id: number;
  readonly digests?: ContentDigests;
  /** The memory of an update, given back. */
  readonly bytes?: ArrayBuffer;
  readonly error?: { readonly message: string; readonly code: string | undefined };
}
