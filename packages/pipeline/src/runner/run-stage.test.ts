import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventSchema, GateError, InterruptedError, type MoonlightEvent } from "@moonlight-rl/core";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { calls, numbers, sum } from "../../fixtures/toy-stages.ts";
import { artifact } from "../artifact/artifact.ts";
import { unkeyed } from "../schema/unkeyed.ts";
import { defineStage, type Stage } from "../stage/define-stage.ts";
import { runStage, runStageDetailed } from "./run-stage.ts";
import type { RunnerOptions } from "./session.ts";

const temporary = temporaryFolder();
let events: MoonlightEvent[];
beforeEach(() => {
  events = [];
  calls.length = 0;
});
const options = (more: RunnerOptions = {}): RunnerOptions => ({
  workspace: join(temporary.path, "ws"),
  onEvent: (event) => events.push(eventSchema.parse(event)),
  ...more,
});
const types = (): string[] => events.map(({ type }) => type);
const inWorkspace = (...path: string[]): string => join(temporary.path, "ws", ...path);

describe("runStage", () => {
  it("runs a stage once and then reuses its result", async () => {
    const first = await runStage(numbers, { count: 3 }, options());
    expect(await readFile(join(first.list.path, "list.txt"), "utf8")).toBe("1\n2\n3\n");
    expect(types()).toEqual(["stage.started", "progress", "progress", "stage.finished"]);
    expect(events[0]).toMatchObject({
      stage: "numbers",
      input: { count: 3 },
      reason: "never run in this workspace",
    });
    expect(await readdir(inWorkspace("scratch"))).toEqual([]);
    expect(await readdir(inWorkspace("locks"))).toEqual([]);
    events = [];
    expect(await runStage(numbers, { count: 3 }, options())).toEqual(first);
    expect(types()).toEqual(["stage.reused"]);
    expect(calls).toEqual(["numbers 3"]);
  });

  it("lets many parts of a stage listen for its end, without a warning of Node", async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): unknown => warnings.push(warning);
    process.on("warning", warned);
    const listening = defineStage({
      ...numbers,
      run: async (input, context) => {
        for (let part = 0; part < 20; part++) context.signal.addEventListener("abort", () => part);
        return numbers.run(input, context);
      },
    });
    const { signal } = new AbortController();
    await runStage(listening, { count: 3 }, options({ signal }));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });

  it("throws a stage's verdict on a result that is complete and kept", async () => {
    const { name, from, output } = numbers;
    const gated = defineStage({
      name,
      from,
      output,
      run: (input, context) => numbers.run(input, context),
      input: numbers.input.extend({ least: unkeyed(z.number().default(0)) }),
      verdict: ({ last }, { least }) =>
        last < least ? new GateError("TOO_FEW", `${last} of ${least}`) : undefined,
    });
    const strict = { count: 3, least: 4 };
    await expect(runStage(gated, strict, options())).rejects.toMatchObject({ exitCode: 5 });
    expect((await runStage(gated, { count: 3, least: 3 }, options())).last).toBe(3);
    expect(calls).toEqual(["numbers 3"]);
    const detailed = await runStageDetailed(gated, strict, options());
    expect(detailed).toMatchObject({ reused: true, verdict: { code: "TOO_FEW" } });
    expect(types()).not.toContain("stage.failed");
  });

  it("says the first input that differs from the nearest result, the newest of equally near ones", async () => {
    const reason = (): unknown =>
      events.findLast((event) => event.type === "stage.started")?.reason;
    await runStage(numbers, { count: 3 }, options());
    await runStage(numbers, { count: 4 }, options());
    expect(reason()).toBe("input count: 3 → 4");
    const { list } = await runStage(numbers, { count: 5 }, options());
    expect(reason()).toBe("input count: 4 → 5");
    const other = await runStage(numbers, { count: 6 }, options());
    await runStage(sum, { list, factor: 2 }, options());
    await runStage(sum, { list: other.list, factor: 3 }, options());
    await runStage(sum, { list, factor: 4 }, options());
    expect(reason()).toBe("input factor: 2 → 4");
  });

  it("ignores unkeyed fields and the workspace's place", async () => {
    const a = await runStageDetailed(numbers, { count: 2, threads: 1 }, options());
    const b = await runStageDetailed(numbers, { count: 2, threads: 8 }, options());
    expect(b).toMatchObject({ key: a.key, reused: true });
    const elsewhere = { workspace: join(temporary.path, "other") };
    const c = await runStageDetailed(numbers, { count: 2 }, elsewhere);
    expect(c).toMatchObject({ key: a.key, reused: false });
  });

  it("keys inputs by the identity of their artifacts", async () => {
    const { list } = await runStage(numbers, { count: 2 }, options());
    const direct = await runStageDetailed(sum, { list }, options());
    const adopted = { ...list, path: "/nowhere" };
    expect(await runStageDetailed(sum, { list: adopted }, options())).toMatchObject({
      key: direct.key,
      reused: true,
    });
  });

  it.each<[string, (folder: string) => Promise<unknown>]>([
    ["a truncated file", (folder) => truncate(join(folder, "list.txt"), 1)],
    ["a missing file", (folder) => rm(join(folder, "list.txt"))],
    ["a missing artifact", (folder) => rm(folder, { recursive: true })],
    ["a broken manifest", (folder) => writeFile(join(folder, "manifest.json"), "{")],
  ])("O3 runs again after %s, and says so", async (_, damage) => {
    const first = await runStage(numbers, { count: 3 }, options());
    await damage(first.list.path);
    events = [];
    expect(await runStage(numbers, { count: 3 }, options())).toEqual(first);
    expect(events[0]).toMatchObject({ type: "warning", code: "CACHE_DAMAGED" });
    expect(types()).toContain("stage.finished");
    expect(await readFile(join(first.list.path, "list.txt"), "utf8")).toBe("1\n2\n3\n");
    expect(await readdir(inWorkspace("store"))).toHaveLength(1);
  });

  it("O3 finds changed bytes of equal size when asked to read digests", async () => {
    const { list } = await runStage(numbers, { count: 3 }, options());
    await writeFile(join(list.path, "list.txt"), "9\n9\n9\n");
    await runStage(numbers, { count: 3 }, options());
    expect(calls).toHaveLength(1);
    await runStage(numbers, { count: 3 }, options({ verifyDigests: true }));
    expect(calls).toHaveLength(2);
    expect(await readFile(join(list.path, "list.txt"), "utf8")).toBe("1\n2\n3\n");
  });

  it("O2 treats a damaged cache record as a miss", async () => {
    const { key } = await runStageDetailed(numbers, { count: 3 }, options());
    for (const text of ["", "{}", '{"contract":1}', "\u0000"]) {
      await writeFile(inWorkspace("cache", `${key}.json`), text);
      events = [];
      expect(await runStageDetailed(numbers, { count: 3 }, options())).toMatchObject({
        reused: false,
      });
      expect(events[0]).toMatchObject({ type: "warning", code: "CACHE_DAMAGED" });
    }
  });

  it("runs again with force", async () => {
    await runStage(numbers, { count: 3 }, options());
    await runStage(numbers, { count: 3 }, options({ force: true }));
    expect(calls).toHaveLength(2);
    expect(events.findLast((event) => event.type === "stage.started")).toMatchObject({
      reason: "forced",
    });
  });

  it("does the work of equal calls at the same time once", async () => {
    const results = await Promise.all(
      [1, 2, 3].map(() => runStageDetailed(numbers, { count: 5 }, options())),
    );
    expect(calls).toEqual(["numbers 5"]);
    expect(results.filter(({ reused }) => reused)).toHaveLength(2);
  });

  it("refuses bad input before anything is written", async () => {
    await expect(runStage(numbers, { count: 0 }, options())).rejects.toMatchObject({
      code: "INVALID_INPUT",
      field: "count",
      exitCode: 2,
    });
    expect(await readdir(temporary.path)).toEqual([]);
  });

  it("refuses stages of another contract", async () => {
    const future = { ...numbers, contract: 2 as never };
    await expect(runStage(future, { count: 1 }, options())).rejects.toMatchObject({
      code: "STAGE_CONTRACT",
    });
  });
});

/** A stage of any behaviour, with one number as input and output. */
const stageOf = (more: Partial<Stage>): Stage =>
  defineStage({
    name: "odd",
    from: import.meta.url,
    input: z.object({ n: z.number().default(0), ref: z.string().default("main") }),
    output: z.object({ n: z.number() }),
    run: async ({ n }) => ({ n }),
    ...(more as object),
  });

describe("a stage", () => {
  it("that fails keeps its scratch, which the next attempt finds", async () => {
    let attempts = 0;
    const stage = stageOf({
      run: async (_, { scratch }) => {
        attempts++;
        const found = await readdir(scratch);
        await writeFile(join(scratch, `attempt-${attempts}`), "");
        if (attempts === 1) throw new GateError("TOO_LOW", "Below the gate.", { hint: "Train." });
        return { n: found.length };
      },
    });
    await expect(runStage(stage, {}, options())).rejects.toMatchObject({
      code: "TOO_LOW",
      exitCode: 5,
    });
    expect(events.at(-1)).toMatchObject({
      type: "stage.failed",
      error: { code: "TOO_LOW", message: "Below the gate.", hint: "Train." },
    });
    expect(await runStage(stage, {}, options())).toEqual({ n: 1 });
    expect(await readdir(inWorkspace("scratch"))).toEqual([]);
  });

  it("that is forced starts from an empty scratch", async () => {
    const stage = stageOf({
      run: async (_, { scratch }) => {
        const n = (await readdir(scratch)).length;
        await writeFile(join(scratch, "x"), "");
        if (n === 0) throw new Error("stop");
        return { n };
      },
    });
    for (const force of [false, true]) {
      await expect(runStage(stage, {}, options({ force }))).rejects.toMatchObject({
        code: "UNEXPECTED",
      });
    }
    expect(await runStage(stage, {}, options())).toEqual({ n: 1 });
  });

  it("O6 that breaks its output schema fails and is not remembered", async () => {
    const stage = stageOf({ run: async () => ({ n: "one" }) });
    await expect(runStage(stage, {}, options())).rejects.toMatchObject({
      code: "STAGE_OUTPUT_INVALID",
      field: "n",
      exitCode: 1,
    });
    expect(await readdir(inWorkspace())).not.toContain("cache");
  });

  it("O6 may return an artifact of its declared kind only", async () => {
    const stage = defineStage({
      name: "wrong-kind",
      from: import.meta.url,
      input: z.object({}),
      output: z.object({ model: artifact("hf-model") }),
      run: async (_, { scratch, publish }) => {
        await mkdir(join(scratch, "out"));
        return { model: (await publish("recipe", join(scratch, "out"))) as never };
      },
    });
    await expect(runStage(stage, {}, options())).rejects.toMatchObject({
      code: "STAGE_OUTPUT_INVALID",
      message: expect.stringContaining("expected an artifact of kind hf-model"),
    });
  });

  it("ends as interrupted when its signal has fired, whatever it throws then", async () => {
    const controller = new AbortController();
    const stage = stageOf({
      run: async (_, { signal }) => {
        controller.abort();
        signal.throwIfAborted();
        return { n: 1 };
      },
    });
    const { signal } = controller;
    await expect(runStage(stage, {}, options({ signal }))).rejects.toMatchObject({
      code: "INTERRUPTED",
      exitCode: 130,
    });
    expect(events.at(-1)).toMatchObject({ type: "stage.failed", error: { code: "INTERRUPTED" } });
  });

  it("keeps a stage's own words about its interruption", async () => {
    const controller = new AbortController();
    const stage = stageOf({
      run: () => {
        controller.abort();
        throw new InterruptedError("The job runs on.", { hint: "Follow it again." });
      },
    });
    const { signal } = controller;
    await expect(runStage(stage, {}, options({ signal }))).rejects.toMatchObject({
      message: "The job runs on.",
      hint: "Follow it again.",
      exitCode: 130,
    });
    expect(await readdir(inWorkspace("locks"))).toEqual([]);
  });

  it("is keyed by what its references resolve to", async () => {
    let head = "commit-1";
    let runs = 0;
    const stage = stageOf({
      resolve: async (input) => ({ ...input, ref: input["ref"] === "main" ? head : input["ref"] }),
      run: async () => ({ n: ++runs }),
    });
    expect(await runStage(stage, { ref: "main" }, options())).toEqual({ n: 1 });
    expect(await runStage(stage, { ref: "commit-1" }, options())).toEqual({ n: 1 });
    head = "commit-2";
    expect(await runStage(stage, { ref: "main" }, options())).toEqual({ n: 2 });
  });

  it("that is not cacheable runs every time", async () => {
    let runs = 0;
    const stage = stageOf({
      cacheable: (input) => input["n"] !== 1,
      run: async () => ({ n: ++runs }),
    });
    await runStage(stage, { n: 1 }, options());
    expect(await runStage(stage, { n: 1 }, options())).toEqual({ n: 2 });
    expect(types()).not.toContain("stage.reused");
  });

  it("that owes files beside artifacts runs until they are there, and finds its result", async () => {
    const seen: unknown[] = [];
    let there = true;
    const stage = stageOf({
      delivered: async () => there,
      run: async (_, { cached }) => ({ n: seen.push(cached) }),
    });
    await runStage(stage, {}, options());
    there = false;
    expect(await runStage(stage, {}, options())).toEqual({ n: 2 });
    expect(events.at(-2)).toMatchObject({ reason: expect.stringContaining("folder of your own") });
    there = true;
    expect(await runStage(stage, {}, options())).toEqual({ n: 2 });
    expect(seen).toEqual([undefined, { n: 1 }]);
  });

  it("keeps secrets out of events, records and provenance", async () => {
    const env = { HF_TOKEN: "hf_0123456789", MY_KEY: "open sesame" };
    const stage = defineStage({
      name: "secretive",
      from: import.meta.url,
      input: z.object({ note: z.string(), token: unkeyed(z.string()) }),
      output: z.object({ out: artifact("toy") }),
      run: async (_, { scratch, publish, emit, secrets, exec }) => {
        const key = secrets.get("MY_KEY") ?? "";
        emit({ type: "log", message: `token ${env.HF_TOKEN}`, data: { key: [key] } });
        await exec(process.execPath, ["-e", "", key, encodeURIComponent(key)]);
        await mkdir(join(scratch, "out"));
        return { out: await publish("toy", join(scratch, "out")) };
      },
    });
    const input = { note: `uses ${env.HF_TOKEN}`, token: "given-by-hand" };
    const { out } = await runStage(stage, input, options({ env }));
    const names = await readdir(inWorkspace(), { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      names
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name), "utf8")),
    );
    const all = [JSON.stringify(events), ...texts].join("\n");
    for (const secret of [env.HF_TOKEN, env.MY_KEY, "open%20sesame", "given-by-hand"]) {
      expect(all).not.toContain(secret);
    }
    expect(events.find((event) => event.type === "log")?.message).toBe("token [redacted]");
    expect(await readFile(join(out.path, "provenance.json"), "utf8")).toContain("uses [redacted]");
  });

  it("is not disturbed by a listener that throws", async () => {
    const warnings: unknown[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    try {
      const onEvent = (): never => {
        throw new Error("broken view");
      };
      await runStage(numbers, { count: 1 }, options({ onEvent }));
      await new Promise((done) => setImmediate(done));
      expect(warnings).toContain("An event listener failed: Error: broken view");
    } finally {
      process.off("warning", listen);
    }
  });
});
