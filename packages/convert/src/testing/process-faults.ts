import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { openTorchDist, verifyCheckpoint } from "@moonlight-rl/checkpoint";
import { isMoonlightError } from "@moonlight-rl/core";
import {
  CAN_MOUNT,
  converted,
  dieOnce,
  published,
  runConvert,
  smallDisk,
  smallFiles,
  TELL_PEAK,
  type ChildOptions,
  type Ended,
} from "./child-convert.ts";
import { IN_TIME_MS, type FaultCase, type Refused } from "./fault-case.ts";
import { wideModel } from "./models.ts";

/** Enough for two data files of some megabytes each. */
const BYTES = 24e6;
const MEMORY_LIMIT = 256e6;
/** A model that is larger than what may be held. */
const LARGE = process.env["MOONLIGHT_DEEP"] === "1" ? 2e9 : 4e8;

type Promises = Readonly<Record<string, boolean>>;

/** Converts a model with the fault, looks around, and converts it without. */
async function meet(
  { model, workspace }: { readonly model: string; readonly workspace: string },
  options: ChildOptions,
  after: (ended: Ended) => Promise<Promises> = async () => ({}),
  atLast: (path: string) => Promise<Promises> = async () => ({}),
  inTimeMs = IN_TIME_MS,
): Promise<Refused> {
  const args = ["--to", "torch_dist", "--model", model];
  const start = performance.now();
  const ended = await runConvert(workspace, args, options);
  const inTime = performance.now() - start < inTimeMs;
  const { code, signal, lines } = ended;
  const error = lines.find(({ type }) => type === "summary")?.["error"];
  const { code: name = "DONE", hint = "" } = (error ?? {}) as Record<string, string>;
  const there = await published(workspace);
  const kept = await after(ended);
  const path = await converted(workspace, args);
  const { findings } = await verifyCheckpoint(path, { model });
  const promises = Object.entries({ ...kept, ...(await atLast(path)) });
  return {
    code: signal ?? name,
    exitCode: signal === null ? (code ?? 0) : 137,
    helps: signal !== null || code === 0 || hint !== "",
    inTime,
    published: there,
    completes: findings.length === 0,
    broken: promises.flatMap(([promise, holds]) => (holds ? [] : [promise])),
  };
}

/** Every folder below a workspace that has a file of that name. */
async function foldersWith(workspace: string, name: string): Promise<string[]> {
  const found = await readdir(workspace, { recursive: true });
  return found
    .filter((path) => basename(path) === name)
    .map((path) => dirname(join(workspace, path)));
}

/** Whether no folder that a killed run has left opens as a checkpoint. */
async function nothingOpens(workspace: string): Promise<boolean> {
  const parts = await foldersWith(workspace, ".release.part");
  const outcomes = await Promise.all(
    parts.map((folder) =>
      openTorchDist(folder).then(
        () => false,
        (error: unknown) => isMoonlightError(error) && error.code === "CHECKPOINT_INCOMPLETE",
      ),
    ),
  );
  return outcomes.length > 0 && outcomes.every(Boolean);
}

async function place(folder: string, bytes = BYTES): Promise<{ model: string; workspace: string }> {
  const [model, workspace] = [join(folder, "model"), join(folder, "workspace")];
  await wideModel(model, bytes);
  return { model, workspace };
}

/** Faults of the machine, and of what it does to a conversion. */
export const PROCESS_FAULTS = {
  C9: [".distcp", ".finished.json", "common.pt", "release.part/metadata.json"].map((name) => ({
    what: `it is killed the moment ${name} is there`,
    code: "SIGKILL",
    exitCode: 137,
    async meet(folder) {
      const { model, workspace } = await place(folder);
      return await meet({ model, workspace }, { flags: dieOnce(name) }, async () => ({
        "what was left opens as no checkpoint": await nothingOpens(workspace),
      }));
    },
  })),
  C10: [
    {
      what: "the disk has too little room from the start",
      code: "DISK_FULL",
      exitCode: 3,
      possible: CAN_MOUNT,
      async meet(folder) {
        const { model } = await place(folder);
        const disk = join(folder, "disk");
        await mkdir(disk);
        return await meet(
          { model, workspace: join(disk, "workspace") },
          { wrap: smallDisk(disk, 10) },
        );
      },
    },
    {
      what: "the disk fills up meanwhile",
      code: "DISK_FULL",
      exitCode: 3,
      async meet(folder) {
        return await meet(await place(folder), { wrap: smallFiles(4096) });
      },
    },
  ],
  C13: [
    {
      what: "it is killed when some of its files are finished: these are not written again",
      code: "SIGKILL",
      exitCode: 137,
      async meet(folder) {
        const { model, workspace } = await place(folder);
        const inodes = new Map<string, number>();
        const after = async () => {
          for (const part of await foldersWith(workspace, ".finished.json")) {
            const text = await readFile(join(part, ".finished.json"), "utf8");
            for (const name of Object.keys(JSON.parse(text) as object))
              inodes.set(name, (await stat(join(part, name))).ino);
          }
          return { "some files are finished, and not all": inodes.size === 1 };
        };
        const atLast = async (path: string) => {
          const names = (await readdir(join(path, "release"))).filter((name) =>
            name.endsWith(".distcp"),
          );
          const same = await Promise.all(
            [...inodes].map(
              async ([name, ino]) => (await stat(join(path, "release", name))).ino === ino,
            ),
          );
          return { "finished files stay": same.every(Boolean) && names.length > inodes.size };
        };
        return await meet(
          { model, workspace },
          { flags: dieOnce(".finished.json") },
          after,
          atLast,
        );
      },
    },
  ],
  C14: [
    {
      what: `${LARGE / 1e6} MB are converted, of which never more than 256 MB are held`,
      code: "DONE",
      exitCode: 0,
      ends: true,
      async meet(folder) {
        const heard = async ({ lines }: Ended) => {
          const peak = Number(lines.find(({ peakRss }) => peakRss !== undefined)?.["peakRss"]);
          return { "it is known": peak > 40e6, "it is less": peak < MEMORY_LIMIT };
        };
        return await meet(
          await place(folder, LARGE),
          { flags: TELL_PEAK },
          heard,
          undefined,
          100_000,
        );
      },
    },
  ],
} as const satisfies Record<string, readonly FaultCase[]>;
