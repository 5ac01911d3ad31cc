import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FailureEvent, LogEvent, LogEventKind } from "./log-event.ts";
import { causeOf, type FailureCategory } from "./message/classify-failure.ts";
import { LogReader, type LogPosition } from "./log-reader.ts";

const golden = (name: string): Buffer =>
  readFileSync(new URL(`../../golden/logs/${name}`, import.meta.url));

function read(chunks: readonly Uint8Array[], from?: LogPosition): LogEvent[] {
  const events: LogEvent[] = [];
  const reader = new LogReader((event) => events.push(event), from === undefined ? {} : { from });
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return events;
}

const readText = (text: string): LogEvent[] => read([Buffer.from(text)]);
const kinds = (events: readonly LogEvent[]): LogEventKind[] => events.map(({ kind }) => kind);

function ofKind<K extends LogEventKind>(
  events: readonly LogEvent[],
  kind: K,
): Extract<LogEvent, { readonly kind: K }>[] {
  return events.filter(
    (event): event is Extract<LogEvent, { readonly kind: K }> => event.kind === kind,
  );
}

/** JSON has no NaN; `null` there would hide one. */
const line = (event: LogEvent): string =>
  JSON.stringify(event, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );

const log = golden("run.txt");
const run = read([log]);

describe("LogReader on a recorded run", () => {
  it("gives the events of the golden file", () => {
    const expected = golden("run.events.jsonl").toString().trimEnd().split("\n");
    expect(run.filter(({ kind }) => kind !== "plain").map(line)).toEqual(expected);
  });

  it("has each step once, though the framework logs it twice", () => {
    const said = [...log.toString().matchAll(/ - ((?:critic-)?step \d+): /g)].map(([, tag]) => tag);
    expect(said.filter((tag) => tag === "step 3")).toHaveLength(2);
    expect(ofKind(run, "step").map(({ role, step }) => `${role} ${step}`)).toEqual([
      "actor 0",
      "actor 1",
      "actor 2",
      "actor 3",
      "critic 2",
      "actor 4",
      "actor 5",
    ]);
  });

  it("tells the two reports apart that are both called perf", () => {
    expect(ofKind(run, "perf").map(({ side, rollout }) => `${side} ${rollout}`)).toEqual([
      "rollout 0",
      "trainer 0",
      "rollout 1",
      "trainer 1",
      "rollout 2",
      "trainer 2",
    ]);
  });

  it("reads NaN, infinities and NumPy's scalars as numbers", () => {
    const [, , poisoned] = ofKind(run, "step");
    expect(poisoned?.values).toMatchObject({ "train/kl_loss": NaN, "train/grad_norm": Infinity });
    const [evaluation] = ofKind(run, "eval");
    expect(log.toString()).toContain("'eval/aime-pass@1': np.float64(");
    const [, said] = /'eval\/aime-pass@4': np\.float64\(([\d.]+)\)/.exec(log.toString()) ?? [];
    expect(evaluation?.values["eval/aime-pass@4"]).toBe(Number(said));
    for (const { damaged, rest } of ofKind(run, "perf")) {
      expect(damaged).toBeUndefined();
      expect(rest).toEqual({});
    }
  });

  it("finds the record that stands behind a bar in the same line", () => {
    expect(log.toString()).toMatch(/it\/s\]\[\d{4}-/);
    expect(ofKind(run, "sample").filter(({ which }) => which === "eval")).toHaveLength(3);
    expect(ofKind(run, "progress").at(-1)).toMatchObject({ done: 16, total: 16 });
  });

  it("follows checkpoints", () => {
    expect(
      ofKind(run, "checkpoint").map(({ action, iteration }) => `${action} ${iteration ?? ""}`),
    ).toEqual([
      "data-state-missing ",
      "data-state-missing ",
      "loading 19",
      "loaded 19",
      "saving 0",
      "saved 0",
      "saving 1",
      "saved 1",
      "deleted 0",
      "saving 2",
      "saved 2",
    ]);
  });

  it("leaves nothing of a kind that it knows as a plain line", () => {
    const plain = ofKind(run, "plain").map(({ text }) => text);
    expect(plain.filter((text) => text !== "" && !text.includes("WARNING"))).toEqual([
      "Starting RolloutHealthMonitor...",
      "RolloutHealthMonitor started (in paused state).",
      "Stopping RolloutHealthMonitor...",
      "RolloutHealthMonitor stopped.",
    ]);
  });

  it("gives the same events however the bytes are torn", () => {
    const whole = run.map(line);
    fc.assert(
      fc.property(fc.array(fc.nat(log.length), { minLength: 1, maxLength: 40 }), (places) => {
        const sorted = places.toSorted((a, b) => a - b);
        const chunks = [0, ...sorted].map((at, index) => log.subarray(at, sorted[index]));
        expect(read(chunks).map(line)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  it("goes on in another process without loss or repeat, wherever the first one stopped", () => {
    const whole = run.map(line);
    fc.assert(
      fc.property(fc.nat(log.length), (at) => {
        const events: LogEvent[] = [];
        const first = new LogReader((event) => events.push(event));
        first.push(log.subarray(0, at));
        const position = JSON.parse(JSON.stringify(first.position())) as LogPosition;
        events.push(...read([log.subarray(position.offset)], position));
        expect(events.map(line)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });
});

describe("LogReader on recorded failures", () => {
  it.each([
    ["fault-user-code.txt", "user-code", "FileNotFoundError", /missing\.jsonl' does not exist/],
    ["fault-disk-full.txt", "disk-full", "RuntimeError", /iostream error/],
    ["fault-engine-dead.txt", "engine-dead", "Exception", /Server process terminated/],
    ["fault-killed.txt", "actor-died", "ray.exceptions.ActorDiedError", /died unexpectedly/],
    ["fault-host-memory.txt", "oom-host", "ray.exceptions.OutOfMemoryError", /low on memory/],
    ["fault-interrupted.txt", "interrupted", "KeyboardInterrupt", /KeyboardInterrupt/],
    ["fault-settings.txt", "configuration", "AssertionError", /hidden_size/],
    ["gpu-oom-gpu.txt", "oom-gpu", "torch.OutOfMemoryError", /Tried to allocate 4096/],
    ["gpu-cuda-assert.txt", "cuda", "torch.AcceleratorError", /device-side assert/],
    ["gpu-nccl-0.txt", "nccl", "torch.distributed.DistBackendError", /NCCL error/],
    ["gpu-nccl-alone.txt", "nccl", "torch.distributed.DistStoreError", /1\/2 clients/],
  ])("classifies %s as %s", (file, category, exception, message) => {
    const failures = ofKind(read([golden(file)]), "failure");
    const last = failures.at(-1);
    expect(new Set(failures.map((failure) => failure.category))).toEqual(new Set([category]));
    expect(last).toMatchObject({ category, exception });
    expect(last?.message).toMatch(message);
    expect(last?.lines[0]).toMatch(/Traceback/);
  });

  it("collects a traceback whole, without Ray's prefixes", () => {
    const [inActor, inDriver] = ofKind(read([golden("fault-user-code.txt")]), "failure");
    expect(inActor?.source).toMatchObject({ actor: "MegatronTrainRayActor" });
    expect(inActor?.lines.at(-1)).toMatch(/^FileNotFoundError: /);
    expect(inActor?.lines.join("\n")).not.toContain("pid=");
    expect(inDriver?.lines.join("\n")).toContain("ray::MegatronTrainRayActor.train()");
  });

  it("goes on in another process in the middle of a traceback", () => {
    const bytes = golden("fault-user-code.txt");
    const whole = read([bytes]).map(line);
    for (let at = 0; at <= bytes.length; at += 37) {
      const events: LogEvent[] = [];
      const first = new LogReader((event) => events.push(event));
      first.push(bytes.subarray(0, at));
      const position = first.position();
      events.push(...read([bytes.subarray(position.offset)], position));
      expect(events.map(line).sort()).toEqual(whole.toSorted());
    }
  });
});

describe("causeOf", () => {
  const failure = (category: FailureCategory, handled = false) => ({ category, handled });
  it.each([
    [[], undefined],
    [[failure("actor-died"), failure("oom-gpu"), failure("nccl")], "oom-gpu"],
    [[failure("user-code"), failure("actor-died")], "actor-died"],
    [[failure("oom-gpu", true), failure("user-code")], "user-code"],
    [[failure("oom-gpu", true)], "oom-gpu"],
  ])("finds in %j what led to the rest", (failures, cause) => {
    expect(causeOf(failures)?.category).toBe(cause);
  });
});

describe("LogReader", () => {
  const header = (message: string): string =>
    `[2026-08-11 12:00:00.123 main] train.py:1 - ${message}\n`;

  it("keeps tracebacks apart whose lines are mixed", () => {
    const events = readText(
      [
        "(A pid=1) Traceback (most recent call last):",
        "(A pid=2) Traceback (most recent call last):",
        '(A pid=1)   File "a.py", line 1, in f',
        "Timer train start",
        '(A pid=2)   File "b.py", line 1, in g',
        "(A pid=2) torch.OutOfMemoryError: CUDA out of memory.",
        "(A pid=1) ValueError: one",
        "(A pid=1) two",
        "",
      ].join("\n"),
    );
    expect(ofKind(events, "failure").map(({ message, lines }) => [message, lines.length])).toEqual([
      ["one", 4],
      ["CUDA out of memory.", 3],
    ]);
    expect(ofKind(events, "timer")).toHaveLength(1);
  });

  it("takes the cause of a chain, and knows when the process went on", () => {
    const chain = [
      "Traceback (most recent call last):",
      '  File "a.py", line 1, in f',
      "torch.OutOfMemoryError: CUDA out of memory.",
      "",
      "The above exception was the direct cause of the following exception:",
      "",
      "Traceback (most recent call last):",
      '  File "b.py", line 1, in g',
      "RuntimeError: the step failed",
      "",
    ].join("\n");
    const [failure] = ofKind(readText(chain), "failure");
    expect(failure).toMatchObject({
      category: "oom-gpu",
      exception: "torch.OutOfMemoryError",
      handled: false,
    });
    expect(ofKind(readText(chain + header("next")), "failure")[0]).toMatchObject({ handled: true });
  });

  it("tells a failure at once when the log falls silent behind it", () => {
    const events: LogEvent[] = [];
    const reader = new LogReader((event) => events.push(event));
    reader.push(Buffer.from("Traceback (most recent call last):\n  File\nValueError: x\n"));
    expect(events).toEqual([]);
    reader.idle();
    expect(kinds(events)).toEqual(["failure"]);
  });

  it("bounds a traceback without end", () => {
    const events = readText(
      `Traceback (most recent call last):\n${'  File "a.py", line 1\n'.repeat(5000)}RecursionError: deep\n`,
    );
    const failure = events[0] as FailureEvent;
    expect(failure.lines.length).toBe(200);
    expect(failure.omitted).toBe(5002 - 200);
    expect(failure.exception).toBe("RecursionError");
  });

  it.each([
    [
      "(raylet) 2 Workers (tasks / actors) killed due to memory pressure (OOM), 0 Workers crashed",
      "oom-host",
    ],
    [
      "[rank3]:[E812 12:00:00.1 ProcessGroupNCCL.cpp:632] [Rank 3] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=3)",
      "nccl",
    ],
    [
      "slurmstepd: error: *** STEP 12.0 ON node1 CANCELLED AT 2026-08-11T12:00:00 DUE TO PREEMPTION ***",
      "preempted",
    ],
    [
      "slurmstepd: error: Detected 1 oom_kill event in StepId=12.0. Some of the step tasks have been OOM Killed.",
      "oom-host",
    ],
    ["[2026-08-11 12:00:00 TP0] Scheduler hit an exception: CUDA out of memory", "oom-gpu"],
    ["[2026-08-11 12:00:00] SIGQUIT received. signum=None, frame=None.", "engine-dead"],
  ])("takes %j for a failure", (text, category) => {
    expect(readText(`${text}\n`)).toMatchObject([{ kind: "failure", category }]);
  });

  it.each([
    "No error here, 0 errors in total",
    "killed time until dinner",
    "prompts: {'error': 'Exception: no'}",
  ])("takes %j for an ordinary line", (text) => {
    expect(readText(`${text}\n`)).toMatchObject([{ kind: "plain", text }]);
  });

  it("joins a report that was written in two pieces", () => {
    const events = readText(
      "(A pid=1) step 3: {'train/loss': 0.1, 'train/gr\n(B pid=2) hello\n(A pid=1) ad_norm': 2.5}\n",
    );
    expect(ofKind(events, "step")).toMatchObject([
      { step: 3, values: { "train/loss": 0.1, "train/grad_norm": 2.5 }, damaged: undefined },
    ]);
  });

  it("gives a torn report as far as it goes", () => {
    const events = readText(`step 3: {'train/loss': 0.1, 'train/gr\n${header("next")}`);
    expect(kinds(events)).toEqual(["step", "plain"]);
    expect(events[0]).toMatchObject({ values: { "train/loss": 0.1 } });
    expect((events[0] as { damaged?: string }).damaged).toMatch(/closing quote/);
  });

  it("keeps the beginning of a line of 64 MB in a bounded memory", () => {
    const chunk = Buffer.alloc(1 << 20, "x");
    const events: LogEvent[] = [];
    const reader = new LogReader((event) => events.push(event));
    reader.push(Buffer.from("(A pid=1) "));
    const before = process.memoryUsage();
    for (let count = 0; count < 64; count++) reader.push(chunk);
    const after = process.memoryUsage();
    reader.push(Buffer.from("\nTimer train start\n"));
    expect(kinds(events)).toEqual(["plain", "timer"]);
    expect(ofKind(events, "plain")[0]?.cut).toBe(10 + (64 << 20) - (1 << 18));
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4 << 20);
  });

  it("remembers parts of lines, not the lines", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const pad = "x".repeat(50_000);
    const reader = new LogReader(() => {});
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let id = 0; id < 1500; id++)
      reader.push(
        Buffer.from(
          `(AnActorWithALongName${id} pid=${id}) ${pad}\n(A pid=1) [2026-08-11 12:00:00.123 a_long_process_name_${id}] a.py:1 - ${pad}\n(B pid=${id}) Traceback (most recent call last):\n(B pid=${id})   ${pad}\n`,
        ),
      );
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6);
  });

  it.each([
    ["  successfully loaded checkpoint from ", " [ t ] at iteration "],
    ["", " [repeated 1x across cluster] (Ray deduplicates logs by default."],
    ["Error: ", ", retrying... (attempt 1/60, url="],
    ["", "a."],
    ["step 3: {", "'a': {"],
    ["step 3: {'a': f(", "a"],
    ["", "(a pid=1"],
    ["", "100%|"],
    ["[2026-08-11 12:00:00.123 ", "] "],
    ["ft ", 'a="\\'],
  ])("reads a line of 256 kB that is made of %j and %j", (begin, part) => {
    const line = (begin + part.repeat((1 << 18) / part.length)).slice(0, 1 << 18);
    expect(readText(`${line}\n)\n`).length).toBeGreaterThan(0);
    expect(readText(`Traceback (most recent call last):\n${line}\n`)).toHaveLength(1);
  });

  it("throws at nothing: a recorded log with bytes changed, cut out and put in", () => {
    const logs = ["run.txt", "fault-user-code.txt", "fault-host-memory.txt"].map(golden);
    const change = fc.record({
      at: fc.nat(),
      drop: fc.nat(30),
      insert: fc.uint8Array({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...logs),
        fc.array(change, { minLength: 1, maxLength: 30 }),
        (bytes, changes) => {
          let mutated = bytes;
          for (const { at, drop, insert } of changes) {
            const place = at % mutated.length;
            mutated = Buffer.concat([
              mutated.subarray(0, place),
              insert,
              mutated.subarray(place + drop),
            ]);
          }
          for (const event of read([mutated])) {
            expect(event.offset).toBeLessThanOrEqual(mutated.length);
            expect(typeof event.kind).toBe("string");
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
