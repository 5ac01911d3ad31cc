import { isMoonlightError } from "@moonlight-rl/core";

/** Something that is wrong with a checkpoint. */
export interface Finding {
  /** As in errors: `CHUNK_CRC`, `TENSOR_MISSING`. */
  readonly code: string;
  /** The tensor or field. */
  readonly name: string;
  readonly message: string;
  readonly file?: string;
  readonly byteOffset?: number;
}

/** A coded error as a finding; any other error is a fault of the program or machine and is thrown on. */
export function findingOf(error: unknown, name: string): Finding {
  if (!isMoonlightError(error)) throw error;
  const { code, message, field, file, byteOffset } = error;
  return {
    code,
    name: field ?? name,
    message,
    ...(file === undefined ? {} : { file }),
    ...(byteOffset === undefined ? {} : { byteOffset }),
  };
}
