// Load on a running server: 500 requests at once for so many seconds, beside malformed bodies, clients that read slowly and
// clients that go away. Greedy requests must be answered as the same request is answered alone. Arguments: URL, key, process
// id of the server, seconds. Prints one JSON object.
import { readFileSync } from "node:fs";
import { request as open } from "node:http";
import { Worker } from "node:worker_threads";

const [url, key, pid, seconds] = process.argv.slice(2);
const CLIENTS = 500;
const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
const rss = () =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
const until = performance.now() + Number(seconds) * 1000;
const counts = {
  answered: 0,
  streamed: 0,
  busy: 0,
  wrong: 0,
  malformed: 0,
  survivedMalformed: 0,
  left: 0,
  slow: 0,
};
const faults = [];
const fault = (what) => faults.length < 5 && faults.push(String(what).slice(0, 300));

const question = (i) => `${10 + (i % 90)} ${i % 2 === 0 ? "+" : "-"} ${10 + ((i * 7) % 90)} = ?`;
const body = (i, more = {}) => ({
  model: "tiny-moonlight",
  messages: [{ role: "user", content: question(i) }],
  temperature: 0,
  max_tokens: 24,
  ...more,
});
const post = (path, data, signal) =>
  fetch(url + path, {
    method: "POST",
    headers,
    body: typeof data === "string" ? data : JSON.stringify(data),
    signal,
  });

async function text(i) {
  const response = await post("/v1/chat/completions", body(i));
  if (response.status === 503) return undefined;
  return (await response.json()).choices[0].message.content;
}

async function streamedText(i) {
  const response = await post("/v1/chat/completions", body(i, { stream: true }));
  if (response.status === 503) return undefined;
  const lines = (await response.text()).split("\n\n").filter((line) => line !== "");
  if (lines.pop() !== "data: [DONE]") throw new Error("a stream without its end");
  return lines.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? "").join("");
}

const alone = [];
for (let i = 0; i < 90; i++) alone.push(await text(i));
const before = rss();
let peak = before;

async function client(number) {
  for (let turn = number; performance.now() < until; turn += 37) {
    const i = turn % alone.length;
    try {
      const streams = turn % 3 === 0;
      const got = await (streams ? streamedText(i) : text(i));
      if (got === undefined) {
        counts.busy++;
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      counts[streams ? "streamed" : "answered"]++;
      if (got !== alone[i]) {
        counts.wrong++;
        fault(`${question(i)}: ${got}, alone ${alone[i]}`);
      }
    } catch (error) {
      counts.wrong++;
      fault(error.cause ?? error);
    }
  }
}

const pick = (values) => values[Math.floor(Math.random() * values.length)];
function malformed() {
  const whole = JSON.stringify(body(1));
  return pick([
    () => whole.slice(0, Math.floor(Math.random() * whole.length)),
    () => String.fromCharCode(...Array.from({ length: 200 }, () => Math.random() * 0xffff)),
    () =>
      JSON.stringify(
        body(1, {
          [pick(["n", "max_tokens", "temperature", "stop", "messages"])]: pick([
            -1,
            null,
            {},
            "x",
            1e308,
            [[]],
          ]),
        }),
      ),
    () => "[".repeat(100_000),
  ])();
}
async function fuzzer() {
  while (performance.now() < until) {
    try {
      counts.malformed++;
      const response = await post(
        pick(["/v1/chat/completions", "/v1/completions", "/generate"]),
        malformed(),
      );
      await response.text();
      if (response.status < 500 || response.status === 503) counts.survivedMalformed++;
      else fault(`malformed body: ${response.status}`);
    } catch (error) {
      fault(error.cause ?? error);
    }
  }
}

async function leaver() {
  while (performance.now() < until) {
    const gone = new AbortController();
    setTimeout(() => gone.abort(), Math.random() * 100);
    await post(
      "/v1/chat/completions",
      body(3, { stream: true, n: 4, max_tokens: 100 }),
      gone.signal,
    )
      .then((response) => response.text())
      .catch(() => counts.left++);
  }
}

/** Reads nothing of its answer for the whole time, and sends a body drop by drop. */
function slow() {
  const data = JSON.stringify(body(5, { stream: true, n: 8, max_tokens: 100 }));
  const going = open(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...headers, "content-length": data.length },
  });
  going.on("error", () => undefined);
  going.on("response", (response) => response.pause());
  let at = 0;
  const timer = setInterval(() => (at < data.length ? going.write(data[at++]) : undefined), 5);
  counts.slow++;
  return () => (clearInterval(timer), going.destroy());
}

/** Asks for `/health` from a thread of its own, so that this one's work is not measured. */
const HEALTH = `
const { parentPort, workerData: { url, ms } } = require("node:worker_threads");
const { get } = require("node:http");
const until = performance.now() + ms;
(async () => {
  const latencies = [];
  while (performance.now() < until) {
    const start = performance.now();
    await new Promise((resolve, reject) =>
      get(url + "/health", (response) => response.resume().on("end", resolve)).on("error", reject));
    latencies.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  parentPort.postMessage(latencies);
})();`;
function health() {
  const worker = new Worker(HEALTH, {
    eval: true,
    workerData: { url, ms: until - performance.now() },
  });
  return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
}
const look = setInterval(() => (peak = Math.max(peak, rss())), 100);

const stops = Array.from({ length: 10 }, slow);
const [latencies] = await Promise.all([
  health(),
  ...Array.from({ length: CLIENTS }, (_, i) => client(i)),
  fuzzer(),
  fuzzer(),
  leaver(),
  leaver(),
  leaver(),
]);
for (const stop of stops) stop();
clearInterval(look);
await new Promise((resolve) => setTimeout(resolve, 1000));
for (let i = 0; i < alone.length; i++)
  if ((await text(i)) !== alone[i]) fault(`afterwards: ${question(i)}`);
latencies.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    ...counts,
    faults,
    healthMedianMs: latencies[Math.floor(latencies.length / 2)],
    health99Ms: latencies[Math.floor(latencies.length * 0.99)],
    rssBefore: before,
    rssPeak: peak,
    rssAfter: rss(),
  }),
);
