import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withStage, type StageKit } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { describe, expect, it, vi } from "vitest";
import { evaluate } from "../stage.ts";

/** Speaks SGLang's API as far as an evaluation uses it; `mode` says how it misbehaves. */
const SGLANG = `
import { createServer } from "node:http";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
const [mode, pids] = process.argv.slice(2, 4);
const option = (name) => process.argv[process.argv.indexOf(name) + 1];
// A worker of its own, as SGLang has schedulers.
const worker = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" });
writeFileSync(pids, process.pid + " " + worker.pid);
console.error("loading", option("--model-path"));
if (mode === "fails") { worker.kill(); console.error("CUDA out of memory"); process.exit(7); }
const started = Date.now();
let served = 0;
if (mode !== "never") createServer((request, response) => {
  if (request.url === "/health") return response.writeHead(Date.now() - started > 300 ? 200 : 503).end();
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    if (mode === "dies" && ++served > 2) { console.error("scheduler died"); worker.kill(); process.exit(9); }
    const { input_ids, sampling_params } = JSON.parse(body);
    const text = Array.isArray(input_ids) && sampling_params.max_new_tokens > 0 ? "\\\\boxed{5}" : "?";
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ text, meta_info: { finish_reason: { type: "stop" }, completion_tokens: 3, prompt_tokens: 2 } }));
  });
}).listen(Number(option("--port")), option("--host"));
`;

type Kit = StageKit<typeof evaluate>;

async function inputOf(kit: Kit, mode: string) {
  const script = join(kit.folder, "sglang.mjs");
  await writeFile(script, SGLANG);
  const rows = [0, 1, 2].map((i) => JSON.stringify({ prompt: `${i}+5?`, label: "5" })).join("\n");
  const folder = join(assetsDirectory, "models", MODEL);
  const model = await kit.artifact("hf-model", {});
  await cp(folder, model.path, { recursive: true });
  return {
    model,
    data: await kit.artifact("hf-dataset", { "set.jsonl": rows }),
    engine: "sglang" as const,
    serverCommand: [process.execPath, script, mode, join(kit.folder, "pids")],
    nSamplesPerPrompt: 4,
    attempts: 2,
    concurrency: 2,
    serverTimeout: mode === "never" ? 4 : 60,
  };
}

/** Every process of the server is gone. */
async function expectEnded(kit: Kit): Promise<void> {
  const pids = (await readFile(join(kit.folder, "pids"), "utf8")).split(" ").map(Number);
  expect(pids).toHaveLength(2);
  for (const pid of pids) {
    // One that was killed a moment ago may still be on its way out.
    await vi.waitFor(async () => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      // Where nobody collects orphans an ended process leaves its number behind.
      expect(stat).toMatch(/^$|\) Z /);
    }, 5_000);
  }
}

describe("a checkpoint in an SGLang that is started", () => {
  it("is sampled, and the server with its workers is ended", async () => {
    await withStage(evaluate, async (kit) => {
      const input = await inputOf(kit, "works");
      const { summary } = await kit.run(input);
      expect(summary).toMatchObject({ accuracy: 1, problems: 3, n: 4 });
      await expectEnded(kit);
    });
  });

  it.each([
    ["fails", "EVAL_SERVER_FAILED", /exit code 7[^]*CUDA out of memory/],
    ["dies", "EVAL_SERVER_FAILED", /exit code 9[^]*scheduler died/],
    ["never", "EVAL_SERVER_LATE", /after 4 seconds[^]*loading/],
  ])("that %s says why in its own words, and leaves nothing", async (mode, code, message) => {
    await withStage(evaluate, async (kit) => {
      await expect(kit.run(await inputOf(kit, mode))).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
      await expectEnded(kit);
    });
  });

  it("that is not installed is said to be so", async () => {
    await withStage(evaluate, async (kit) => {
      const input = { ...(await inputOf(kit, "works")), serverCommand: ["no-such-sglang"] };
      await expect(kit.run(input)).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
    });
  });

  it("has fields that mean nothing without it", async () => {
    await withStage(evaluate, async (kit) => {
      const { engine: _, ...input } = await inputOf(kit, "works");
      await expect(kit.run(input)).rejects.toMatchObject({ code: "EVAL_POLICY_CHOICE" });
    });
  });
});
