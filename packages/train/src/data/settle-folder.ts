import { constants } from "node:fs";
import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { iterationFolder, TRACKER_FILE } from "@moonlight-rl/checkpoint";
import { removePath, ROLLOUTS_FOLDER } from "@moonlight-rl/core";

/**
 * Copies what the artifact is to contain, the last iteration with its tracker, the history and the rollouts, into a fresh folder. The save
 * folder itself stays whole until the stage has succeeded.
 */
export async function settleFolder(
  saveDir: string,
  iteration: number,
  target: string,
): Promise<void> {
  await removePath(target);
  await mkdir(target, { recursive: true });
  const names = await readdir(saveDir);
  const wanted = [
    iterationFolder(iteration),
    TRACKER_FILE,
    ...names.filter((name) => name.endsWith(".ndjson") || name === ROLLOUTS_FOLDER),
  ];
  // Where the file system can share blocks, a copy of hundreds of gigabytes costs nothing.
  for (const name of wanted)
    await cp(join(saveDir, name), join(target, name), {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
    });
}
