import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyCheckpoint } from "@moonlight-rl/checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CAN_MOUNT,
  converted,
  published,
  runConvert,
  smallDisk,
  smallFiles,
} from "./testing/child-convert.ts";
import { wideModel } from "./testing/models.ts";

const KILLS = process.env["MOONLIGHT_DEEP"] === "1" ? 40 : 2;

let folder = "";
let model = "";
let checkpoint = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-convert-"));
  model = join(folder, "model");
  await wideModel(model, 24e6);
  checkpoint = await converted(join(folder, "whole"), ["--to", "torch_dist", "--model", model]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const directions = [
  ["torch_dist", () => ["--to", "torch_dist", "--model", model]],
  ["hf", () => ["--to", "hf", "--checkpoint", checkpoint, "--model", model]],
] as const;

describe.each(directions)("converting to %s", (_, args) => {
  it(
    `C9 C13 is killed ${KILLS} times: nothing half-written is published, and the rest is done by the next run`,
    { timeout: KILLS * 10_000 + 20_000 },
    async () => {
      const wanted = (await converted(join(folder, "uninterrupted"), args())).split("/").at(-1);
      let state = 11;
      const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
      let workspace = await mkdtemp(join(folder, "killed-"));
      for (let kills = 0; kills < KILLS;) {
        const { signal, code } = await runConvert(workspace, args(), {
          killAfterMs: random() * 150,
        });
        if (signal === "SIGKILL") {
          kills++;
          // The artifact is the last thing: it is there whole, or not at all.
          for (const name of await published(workspace)) expect(name).toBe(wanted);
          if (kills < KILLS && kills % 2 === 1) continue;
          const path = await converted(workspace, args());
          expect(path.split("/").at(-1)).toBe(wanted);
        } else expect(code).toBe(0);
        workspace = await mkdtemp(join(folder, "killed-"));
      }
    },
  );
});

describe("converting to hf", () => {
  const args = (): string[] => ["--to", "hf", "--checkpoint", checkpoint, "--model", model];
  const FULL = { code: 3, last: { error: { code: "DISK_FULL", hint: expect.any(String) } } };

  it.skipIf(!CAN_MOUNT)("C10 a disk that is too small is refused", async () => {
    const place = await mkdtemp(join(folder, "small-"));
    const wrap = smallDisk(place, 10);
    const { code, lines } = await runConvert(join(place, "ws"), args(), { wrap });
    expect({ code, last: lines.at(-1) }).toMatchObject(FULL);
  });

  it("C10 a disk that fills up meanwhile is a coded error, and the next run goes on", async () => {
    const workspace = await mkdtemp(join(folder, "full-"));
    const { code, lines } = await runConvert(workspace, args(), { wrap: smallFiles(4096) });
    expect({ code, last: lines.at(-1) }).toMatchObject(FULL);
    expect(await published(workspace)).toEqual([]);
    const { findings } = await verifyCheckpoint(await converted(workspace, args()), { model });
    expect(findings).toEqual([]);
  });
});

it("an input that is not there is said before another one is read, as the last line", async () => {
  const workspace = join(folder, "missing");
  const args = ["--to", "hf", "--checkpoint", "/nowhere", "--model", model];
  const { code, lines } = await runConvert(workspace, args);
  expect(code).toBe(3);
  expect(lines).toMatchObject([{ type: "summary", error: { code: "ARTIFACT_NOT_FOUND" } }]);
});
