import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EventInput } from "@moonlight-rl/core";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { beforeEach, afterEach, describe, expect, it } from "vitest";
import { validateArgv } from "../argv/validate-argv.ts";
import { launchPlan } from "../launch/launch-plan.ts";
import { renderArgv } from "../render-argv.ts";
import type { FakeJob } from "../testing/jobs-server.ts";
import { JobsServer } from "../testing/jobs-server.ts";
import type { JobPlan } from "./job-plan.ts";
import { openChecked } from "./preflight.ts";
import type { MilesSettings } from "./settings.ts";

type Facts = Record<string, unknown> & { gpus: unknown[] };
let facts: Facts;
let server: JobsServer;
let answer: (job: FakeJob) => void;
beforeEach(async () => {
  const file = fileURLToPath(new URL("../../golden/probe-h200.json", import.meta.url));
  [facts] = JSON.parse(await readFile(file, "utf8")) as [Facts];
  answer = (job) => {
    job.write(`some library's greeting\n${JSON.stringify([facts])}\nand its farewell\n`);
    job.end("SUCCEEDED", 0);
  };
  server = await JobsServer.start({ run: (job) => answer(job) });
});
afterEach(() => server.close());

const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b", root: "/root" });
const argv = renderArgv(recipe, MOONLIGHT_16B_A3B);
const verdict = validateArgv(argv, { hfConfig: { ...MOONLIGHT_16B_A3B } });
const plan: JobPlan = {
  launch: launchPlan(recipe, argv, verdict),
  hfConfig: MOONLIGHT_16B_A3B,
  dataState: true,
  bridge: false,
};

async function open(
  preflight: MilesSettings["preflight"],
  { submitted = false, address = server.url }: { submitted?: boolean; address?: string } = {},
): Promise<EventInput[]> {
  const events: EventInput[] = [];
  const miles: MilesSettings = {
    rayAddress: address,
    ...(preflight === undefined ? {} : { preflight }),
  };
  const emit = (event: EventInput): void => void events.push(event);
  const request = { recipe, emit, signal: new AbortController().signal, miles };
  const cluster = await openChecked(request, plan, tmpdir(), { submitted });
  await cluster.close({ keepLogs: false });
  return events;
}
const warnings = (events: readonly EventInput[]): string =>
  events.flatMap((event) => (event.type === "warning" ? [event.message] : [])).join("\n");

describe("the look at machines before a job", () => {
  it("refuses a cluster whose nodes lack something, and leaves no job behind", async () => {
    await expect(open(undefined)).rejects.toMatchObject({
      code: "TRAIN_PREFLIGHT",
      exitCode: 3,
      message: expect.stringMatching(/gpu-count: 1 × NVIDIA H200.*module:miles/s),
      hint: expect.stringContaining("--preflight warn"),
    });
    expect(server.requests.filter((line) => line.startsWith("POST /api/jobs/ "))).toEqual([]);
    expect(server.jobs.size).toBe(0);
  });

  it("only says so when asked", async () => {
    expect(warnings(await open("warn"))).toContain("gpu-count: 1 ×");
    expect(warnings(await open("off"))).toBe("");
    expect(server.requests.filter((line) => line === "POST /api/jobs/")).toHaveLength(1);
  });

  it("is not for a job that runs already", async () => {
    await open("require", { submitted: true });
    expect(server.requests).not.toContain("POST /api/jobs/");
  });

  it("lets a head without GPUs be one", async () => {
    facts = { ...facts, gpus: [], ray: { CPU: 4, GPU: 0 } };
    const told = warnings(await open("warn"));
    expect(told).not.toContain("gpu-count");
    expect(told).toContain("module:miles");
  });

  it("tells why it cannot look", async () => {
    answer = (job) => {
      job.write("ModuleNotFoundError: No module named 'ray'\n");
      job.end("FAILED", 1);
    };
    await expect(open("require")).rejects.toMatchObject({
      code: "PROBE_FAILED",
      message: expect.stringContaining("No module named 'ray'"),
    });
    answer = (job) => job.end("SUCCEEDED", 0);
    await expect(open("require")).rejects.toMatchObject({ code: "PROBE_ANSWER" });
    expect(server.jobs.size).toBe(0);
  });

  it("looks at this machine before a head of our own is started", async () => {
    const request = {
      recipe: { ...recipe, launch: { ...recipe.launch, python: join(tmpdir(), "no-such-python") } },
      emit: () => undefined,
      signal: new AbortController().signal,
    };
    await expect(openChecked(request, plan, tmpdir(), { submitted: false })).rejects.toMatchObject({
      code: "PYTHON_MISSING",
      exitCode: 3,
    });
  });
});
