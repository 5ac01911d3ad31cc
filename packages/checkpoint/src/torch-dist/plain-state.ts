import { open } from "node:fs/promises";
import { VerificationError } from "@moonlight-rl/core";
import { readPickle } from "../pickle/read.ts";
import { readArchive, readRecord } from "../zip/archive-reader.ts";
import { plainCommon, type PlainObject } from "./common.ts";

const MAX_STATE = 1 << 26;

/**
 * A dict that `torch.save` wrote, as plain data: an iteration's `common.pt`, the framework's dataset state, its debug dumps.
 * Nothing of the pickle is executed. Numpy's numbers are numbers; tensors and arrays are told by dtype and shape.
 * Errors: `FILE_MISSING`, and those of a damaged archive or pickle.
 *
 * @param options.maxBytes how large the pickle may be; memory is some five times that. Default 64 MiB
 */
export async function readPlainState(
  file: string,
  { maxBytes = MAX_STATE }: { readonly maxBytes?: number } = {},
): Promise<PlainObject> {
  const handle = await open(file, "r").catch((cause: unknown) => {
    throw new VerificationError("FILE_MISSING", `The checkpoint lacks ${file}.`, { file, cause });
  });
  try {
    const slice = { handle, file, offset: 0, length: (await handle.stat()).size };
    const pickle = await readRecord(slice, await readArchive(slice), "data.pkl", maxBytes);
    return plainCommon(readPickle(pickle, file), file);
  } finally {
    await handle.close();
  }
}
