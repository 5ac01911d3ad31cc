import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CAN_MOUNT } from "./can-mount.ts";
import { refusalOfChild } from "./child-download.ts";
import type { FaultCase } from "./fault-case.ts";

const FULL = { code: "DISK_FULL", exitCode: 3 };
const UNWRITABLE = { code: "DISK_UNWRITABLE", exitCode: 3 };
const MOUNTED = { possible: CAN_MOUNT };
const NAMESPACE = { wrap: ["unshare", "-rm"] };

/** Faults of the disk, and of what a process may open. */
export const DISK_FAULTS = {
  F19: [
    {
      what: "has no room for large files",
      ...FULL,
      possible: process.platform === "linux",
      meet: async (fixture) =>
        await refusalOfChild(fixture, {
          directory: await fixture.fresh(),
          // What the kernel says of it is as good as a full disk.
          prelude: "ulimit -S -f 300",
          mend: "prlimit --pid $PPID --fsize=unlimited",
        }),
    },
    {
      what: "has a disk that fills up",
      ...FULL,
      ...MOUNTED,
      async meet(fixture) {
        const folder = await fixture.fresh();
        await mkdir(folder, { recursive: true });
        // Sparse files let the space check pass: another program then takes the room.
        const mount = `mount -t tmpfs -o size=80m tmpfs ${folder} && head -c 12000000 /dev/zero > ${folder}/other`;
        return await refusalOfChild(fixture, {
          ...NAMESPACE,
          directory: join(folder, "files"),
          prelude: `${mount} && (sleep 0.05; head -c 90000000 /dev/zero > ${folder}/more 2>/dev/null) & wait; true`,
          mend: `rm ${folder}/more ${folder}/other`,
        });
      },
    },
  ],
  F20: [
    {
      what: "has a file where the folder should be",
      ...UNWRITABLE,
      async meet(fixture) {
        const directory = await fixture.fresh();
        await writeFile(directory, "a file");
        return await fixture.refusal({ directory }, { mend: () => rm(directory) });
      },
    },
    {
      what: "has a read-only disk",
      ...UNWRITABLE,
      ...MOUNTED,
      async meet(fixture) {
        const folder = await fixture.fresh();
        await mkdir(folder, { recursive: true });
        return await refusalOfChild(fixture, {
          ...NAMESPACE,
          directory: join(folder, "files"),
          prelude: `mount -t tmpfs -o ro tmpfs ${folder}`,
          mend: `mount -o remount,rw ${folder}`,
        });
      },
    },
  ],
  F21: [
    {
      what: "has no handle left",
      code: "DISK_FAILED",
      exitCode: 1,
      meet: async (fixture) =>
        await refusalOfChild(fixture, {
          directory: await fixture.fresh(),
          prelude: "ulimit -n 150",
          handles: 0,
          mend: "true",
        }),
    },
  ],
} as const satisfies Record<string, readonly FaultCase[]>;
