import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A server like one with so many sequences in flight: each answer takes a slot for a while, and who finds none waits. Some requests are
 * refused, fail, or are never answered; none of these takes a slot. Runs in a process of its own:
 *
 *     node slot-server.js SLOTS MILLISECONDS
 *
 * Writes its address, and at the end of standard input how many answers it gave and how many seconds lay between first request and
 * last answer, as lines of JSON.
 */
const [slots = 0, serviceMs = 0] = process.argv.slice(2).map(Number);
const waiting: (() => void)[] = [];
let busy = 0;
let number = 0;
let answers = 0;
let began = 0;
let ended = 0;
const faults = { 429: 0, 500: 0, hang: 0 };

const server = createServer((request, response) => void handle(request, response));
server.keepAliveTimeout = 120_000;
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
process.stdin.resume();
process.stdin.on("end", () => {
  const seconds = (ended - began) / 1000;
  process.stdout.write(`${JSON.stringify({ answers, seconds, faults })}\n`);
  server.closeAllConnections();
  server.close();
});

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { messages } = JSON.parse(Buffer.concat(parts).toString()) as {
    messages: { content: string }[];
  };
  if (number === 0) began = performance.now();
  const turn = number++;
  if (turn % 25 === 5) {
    faults[429]++;
    response.writeHead(429, { "retry-after": "0" }).end();
    return;
  }
  if (turn % 40 === 7) {
    faults[500]++;
    response.writeHead(500).end("out of memory");
    return;
  }
  // Few, and early: at the end, everybody would wait for the last of them and for nothing else.
  if (turn < 1000 && turn % 100 === 11) {
    faults.hang++;
    return;
  }
  if (busy === slots) await new Promise<void>((resolve) => waiting.push(resolve));
  else busy++;
  await new Promise((resolve) => setTimeout(resolve, serviceMs));
  const next = waiting.shift();
  if (next === undefined) busy--;
  else next();
  answer(response, messages[0]?.content ?? "");
}

function answer(response: ServerResponse, question: string): void {
  const content = `It is \\boxed{${Number.parseInt(question, 10) + 1}}.`;
  const choice = { index: 0, message: { role: "assistant", content }, finish_reason: "stop" };
  const body = JSON.stringify({ choices: [choice], usage: { completion_tokens: 7 } });
  response
    .writeHead(200, { "content-type": "application/json", "content-length": body.length })
    .end(body);
  answers++;
  ended = performance.now();
}
