import { createServer, type Server } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openGrading, type Grading, type GradingOptions } from "./grading.ts";
import { RemoteGrading } from "./remote-grading.ts";

let folder: string;
const opened: Grading[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-grading-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(opened.splice(0).map((grading) => grading.close()));
});

function open(options: Partial<GradingOptions>): Grading {
  const grading = openGrading({ rmType: "math", ...options });
  opened.push(grading);
  return grading;
}

async function custom(source: string): Promise<string> {
  const file = join(folder, `grader-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, source);
  return `${file}#grade`;
}

const task = (answer: string, label = "5") => ({ response: `\\boxed{${answer}}`, label });

describe("graders of this package", () => {
  it("grade batches in order, whatever their size", async () => {
    const grading = open({ threads: 2 });
    const tasks = Array.from({ length: 500 }, (_, i) => task(String(i % 7)));
    const grades = await grading.grade(tasks);
    expect(grades.map(({ reward }) => reward)).toEqual(tasks.map((_, i) => (i % 7 === 5 ? 1 : 0)));
    expect(await grading.grade([])).toEqual([]);
    expect(await Promise.all([0, 1, 2].map(() => grading.grade([task("5")])))).toEqual(
      [0, 1, 2].map(() => [{ reward: 1, outcome: "correct", extracted: "5" }]),
    );
  });

  it("pass on what is known beside response and label", async () => {
    const [grade] = await open({ rmType: "gpqa" }).grade([
      { response: "The answer is C", label: "Argon", metadata: { choices: ["He", "Ne", "Argon"] } },
    ]);
    expect(grade?.reward).toBe(1);
    const [cut] = await open({}).grade([{ response: "so", label: "1", truncated: true }]);
    expect(cut?.outcome).toBe("truncated");
  });

  it("pass on what they refuse, and go on with other batches", async () => {
    const grading = open({ rmType: "dapo" });
    const refused = grading.grade([{ response: "Answer: 1", label: "x" }]);
    await expect(refused).rejects.toMatchObject({ code: "LABEL_NOT_NUMERIC", exitCode: 2 });
    expect(await grading.grade([{ response: "Answer: 1", label: "1" }])).toMatchObject([
      { reward: 1 },
    ]);
  });

  it.each([
    ["9^9^9^9"],
    ["9**9**9**9"],
    ["(9!)!"],
    [`${"\\frac{1}{".repeat(3000)}1${"}".repeat(3000)}`],
    [`${"(".repeat(180)}x${")^2".repeat(180)}`],
    ["(x+a)".repeat(200)],
    ["1,".repeat(2_500_000)],
    ["{".repeat(5_000_000) + "}".repeat(5_000_000)],
  ])("cost at most the deadline and do not harm their neighbours: %#", async (hostile) => {
    const grading = open({ deadlineMs: 5000, threads: 1 });
    const grades = await grading.grade([task("5"), task(hostile, "(x+a)^200"), task("5")]);
    expect(grades.map(({ reward }) => reward)).toEqual([1, 0, 1]);
  });

  it("refuse names that do not exist, before anything is graded", () => {
    expect(() => openGrading({ rmType: "maths" })).toThrow(
      expect.objectContaining({ code: "GRADER_UNKNOWN", hint: 'Did you mean "math"?' }),
    );
    expect(() => openGrading({ rmType: "remote_rm" })).toThrow(
      expect.objectContaining({ code: "GRADER_URL_MISSING" }),
    );
  });
});

describe("a grader that does not come back", () => {
  const HANGS = `export function grade({ response }) {
    if (response.includes("hang")) for (;;);
    if (response.includes("wait")) return new Promise(() => {});
    if (response.includes("eat")) { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())); }
    return response.length > 9 ? 1 : 0;
  }`;

  it.each(["hang", "wait", "eat"])("is cut off at one response alone: %s", async (word) => {
    const customRmPath = await custom(HANGS);
    const grading = open({ customRmPath, deadlineMs: 500, threads: 2, memoryMb: 64 });
    const tasks = Array.from({ length: 40 }, (_, i) => ({
      response: i === 11 || i === 30 ? word : i % 2 === 0 ? "a long response" : "short",
      label: "1",
    }));
    const grades = await grading.grade(tasks);
    for (const [i, { reward, outcome }] of grades.entries()) {
      const cut = i === 11 || i === 30;
      expect(outcome).toBe(cut ? "timed_out" : i % 2 === 0 ? "correct" : "wrong");
      expect(reward).toBe(!cut && i % 2 === 0 ? 1 : 0);
    }
  });

  it("does not keep whoever waits from stopping", async () => {
    const grading = open({ customRmPath: await custom(HANGS), deadlineMs: 60_000 });
    const stop = new AbortController();
    const pending = grading.grade([{ response: "hang", label: "1" }], stop.signal);
    setTimeout(() => stop.abort(), 100);
    await expect(pending).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  it("is ended by closing", async () => {
    const grading = open({ customRmPath: await custom(HANGS), deadlineMs: 60_000, threads: 1 });
    const pending = Promise.allSettled([
      grading.grade([{ response: "hang", label: "1" }]),
      grading.grade([{ response: "next", label: "1" }]),
    ]);
    setTimeout(() => void grading.close(), 200);
    for (const end of await pending) {
      expect(end).toMatchObject({ status: "rejected", reason: { code: "INTERRUPTED" } });
    }
  });
});

describe("graders of one's own", () => {
  it("get the whole task and may give grades", async () => {
    const customRmPath = await custom(
      `export const grade = async ({ response, label, prompt, metadata }) =>
        ({ reward: metadata.weight, outcome: "correct", extracted: [prompt, response, label].join() });`,
    );
    const grading = open({ customRmPath });
    const one = { response: "r", label: "l", prompt: "p", metadata: { weight: 0.25 } };
    expect(await grading.grade([one])).toEqual([
      { reward: 0.25, outcome: "correct", extracted: "p,r,l" },
    ]);
  });

  it.each([
    ["export const grade = () => 'yes';", "GRADER_FAILED"],
    ["export const grade = () => { throw new Error('broken'); };", "GRADER_FAILED"],
    ["export const grade = () => process.exit(3);", "GRADER_FAILED"],
    ["export const other = 1;", "GRADER_CUSTOM_INVALID"],
    ["syntax error", "GRADER_CUSTOM_INVALID"],
  ])("that fail are an error, not a reward: %s", async (source, code) => {
    const grading = open({ customRmPath: await custom(source) });
    await expect(grading.grade([task("5"), task("6")])).rejects.toMatchObject({ code });
  });

  it("are looked for at once", () => {
    expect(() => openGrading({ rmType: "math", customRmPath: "no-such-package#grade" })).toThrow(
      expect.objectContaining({ code: "GRADER_CUSTOM_INVALID" }),
    );
  });
});

describe("a reward model", () => {
  let server: Server;
  let url: string;
  const seen: unknown[] = [];
  let answer: (count: number) => { status: number; body: string } | undefined;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => (body += part.toString()));
      request.on("end", () => {
        seen.push(JSON.parse(body));
        const said = answer(seen.length);
        if (said !== undefined) response.writeHead(said.status).end(said.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  afterEach(() => void seen.splice(0));

  it("gets prompt, response and label, and is asked again where that helps", async () => {
    answer = (count) =>
      count === 1 ? { status: 500, body: "" } : { status: 200, body: '{"score": 0.75}' };
    const grading = open({ rmType: "remote_rm", rmUrl: url, rewardKey: "score" });
    const [grade] = await grading.grade([{ prompt: "p", response: "r", label: "l" }]);
    expect(grade).toEqual({ reward: 0.75, outcome: "wrong", extracted: null });
    const sent = { prompt: "p", response: "r", label: "l" };
    expect(seen).toEqual([sent, sent]);
  });

  it.each([
    [{ status: 404, body: "" }, "GRADER_REMOTE_REFUSED"],
    [{ status: 200, body: '{"other": 1}' }, "GRADER_REMOTE_ANSWER"],
    [{ status: 200, body: "no JSON" }, "GRADER_REMOTE_ANSWER"],
    [{ status: 503, body: "" }, "GRADER_REMOTE_FAILING"],
  ])("that answers %o ends the grading", async (said, code) => {
    answer = () => said;
    const grading = new RemoteGrading({ url, backoffMs: 1 });
    await expect(grading.grade([task("5")])).rejects.toMatchObject({ code });
  });

  it("that hangs is given up", async () => {
    answer = () => undefined;
    const grading = new RemoteGrading({ url, backoffMs: 1, deadlineMs: 30 });
    await expect(grading.grade([task("5")])).rejects.toMatchObject({
      code: "GRADER_REMOTE_FAILING",
      exitCode: 75,
    });
  });
});
