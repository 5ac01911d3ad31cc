import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PreflightError } from "@moonlight-rl/core";

/** Where a dump is, and what it is of by its name. */
export interface DumpFile {
  readonly file: string;
  readonly bytes: number;
  /** undefined: the name does not say. */
  readonly rollout: number | undefined;
  readonly evaluation: boolean;
}

const NAME = /^(?:(.*)\D)?(\d+)\.pt$/;

/**
 * The dumps of rollouts at a path: a `.pt`, a folder of them, or the folder of `--dump-details`; in the order of rollouts,
 * evaluations after the rollout of their number.
 *
 * @throws PreflightError DUMP_MISSING
 */
export async function findDumps(path: string): Promise<DumpFile[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return [describe(path, found.size)];
  const folders = found === undefined ? [] : [join(path, "rollout_data"), path];
  for (const folder of folders) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".pt"));
    if (names.length === 0) continue;
    const dumps = await Promise.all(
      names.map(async (name) => {
        const file = join(folder, name);
        return describe(file, (await stat(file)).size);
      }),
    );
    return dumps.sort(
      (a, b) =>
        (a.rollout ?? -1) - (b.rollout ?? -1) ||
        Number(a.evaluation) - Number(b.evaluation) ||
        a.file.localeCompare(b.file),
    );
  }
  throw new PreflightError(
    "DUMP_MISSING",
    found === undefined ? `${path} is not there.` : `${path} holds no dump of a rollout (*.pt).`,
    {
      file: path,
      hint: "Rollouts are kept where debug.saveRolloutData or debug.dumpDetails of the recipe says; `moonlight debug rollout` makes some.",
    },
  );
}

function describe(file: string, bytes: number): DumpFile {
  const [, prefix = "", digits] = NAME.exec(basename(file)) ?? [];
  return {
    file,
    bytes,
    rollout: digits === undefined ? undefined : Number(digits),
    evaluation: /(^|\D)eval$/.test(prefix),
  };
}
