import type { Dtype } from "../dtype.ts";
import type { Region, StoredTensor } from "../torch-dist/layout.ts";
import type { FileIdentity } from "./source-files.ts";

/** A tensor's bytes in one piece of one file. */
export interface StoredRange {
  readonly type: "range";
  readonly file: string;
  readonly identity: FileIdentity;
  readonly offset: number;
  readonly length: number;
}

/** A part of a tensor of a torch_dist checkpoint. */
export interface StoredRegion {
  readonly type: "region";
  /** The iteration's folder. */
  readonly folder: string;
  readonly key: string;
  /** The tensor with the chunks that the region touches. */
  readonly tensor: StoredTensor;
  readonly region: Region;
  /** Of each data file, by its path relative to the folder. */
  readonly identities: Readonly<Record<string, FileIdentity>>;
}

/** Content that lies in files, described as data: any thread can read it. */
export interface StoredContent {
  /** What errors call it. */
  readonly name: string;
  /** dtype that it is stored in. */
  readonly dtype: Dtype;
  readonly place: StoredRange | StoredRegion;
}
