import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { z } from "zod";
import { SHORT_RUN, startMoonlight } from "../moonlight-command.ts";
import { startDashboard } from "./dashboard-server.ts";
import type { Findings } from "./findings.ts";
import { Visit } from "./visit.ts";

const RUN_MS = 150_000;
const SECTIONS = [
  "overview",
  "metrics",
  "rollouts",
  "evals",
  "recipe",
  "artifacts",
  "logs",
  "alarms",
] as const;

const resultsSchema = z.looseObject({
  accuracy: z.looseObject({ mean: z.number() }),
});

/** The page beside a real run: it follows without a reload, and says in the end what the files say. */
export async function checkLiveRun(
  browser: Browser,
  workspace: string,
  findings: Findings,
): Promise<void> {
  const server = await startDashboard(workspace);
  const run = startMoonlight(["run", ...SHORT_RUN], workspace);
  try {
    const visit = await Visit.begin(browser, server.url);
    await follow(visit, findings);
    const { exitCode, stderr } = await run;
    await findings.step("the run ends", async () =>
      exitCode === 0 ? [] : [`exit ${exitCode}\n${stderr.slice(-800)}`],
    );
    if (exitCode === 0) await lookBack(visit, workspace, findings);
    await keyboard(visit, findings);
    await findings.step("nothing went wrong meanwhile", async () => visit.faults);
    const id = idOf(visit);
    await visit.close();
    await accessibility(browser, server.url, id, findings);
  } finally {
    run.kill();
    await run;
    await server.close();
  }
}

const idOf = ({ page }: Visit): string => new URL(page.url()).pathname.split("/")[2] ?? "";

async function follow(visit: Visit, findings: Findings): Promise<void> {
  const { page } = visit;
  await findings.step("a run that begins appears in the list", async () => {
    await visit.open("/");
    await page.locator("table a.mono").first().click({ timeout: 20_000 });
    await page.waitForSelector(".graph");
  });
  await findings.step("a stage at work is shown with its progress", async () => {
    await page.waitForSelector(".stage-node.running [role=progressbar]", { timeout: RUN_MS });
    await page.waitForSelector(".connection.live:not(:empty)");
    await visit.screen("live-overview");
  });
  await findings.step("states change without a reload", async () => {
    await page.evaluate(() => Object.assign(globalThis, { stayed: true }));
    await page.waitForSelector(".stage-node.ok:has-text('convert')", { timeout: RUN_MS });
    await page.waitForSelector(".stage-node.running:has-text('train')", { timeout: RUN_MS });
  });
  await findings.step("curves grow", async () => {
    await page.locator('nav a[href$="/metrics"]').click();
    const points = (): Promise<number> =>
      page.evaluate(async () => {
        const run = location.pathname.split("/")[2] ?? "";
        const answer = await fetch(`/api/series?runs=${run}&names=rollout/raw_reward`);
        const { series } = (await answer.json()) as { series: { steps: number[] }[] };
        return series[0]?.steps.length ?? 0;
      });
    const chart = '[role=group][aria-label^="rollout/raw_reward:"]';
    await page.waitForSelector(chart, { timeout: RUN_MS });
    await page.waitForFunction(
      (selector) =>
        / at step 3[,;]/.test(document.querySelector(selector)?.getAttribute("aria-label") ?? ""),
      chart,
      { timeout: RUN_MS },
    );
    const there = await points();
    return there === 4 ? [] : [`4 rollouts, ${there} points`];
  });
  await findings.step("the end is shown without a reload", async () => {
    await page.locator('nav a[href$="/overview"]').click();
    await page.waitForSelector(".run-facts .badge.ok", { timeout: RUN_MS });
    await page.waitForSelector(".stage-node.ok:has-text('eval-trained')");
    const stayed = await page.evaluate(() => "stayed" in globalThis);
    return stayed ? [] : ["the page was loaded again"];
  });
}

async function lookBack(visit: Visit, workspace: string, findings: Findings): Promise<void> {
  const { page } = visit;
  const go = (section: string): Promise<void> => page.locator(`nav a[href$="/${section}"]`).click();
  await findings.step("evaluations are those of the files", async () => {
    await go("evals");
    await page.waitForSelector("table a:has-text('eval-trained')");
    const shown = await page.locator("table .number b").allTextContents();
    const store = join(workspace, "store");
    const names = (await readdir(store)).filter((name) => name.startsWith("eval-result-"));
    const means = await Promise.all(
      names.map(async (name) => {
        const text = await readFile(join(store, name, "results.json"), "utf8");
        return `${(resultsSchema.parse(JSON.parse(text)).accuracy.mean * 100).toFixed(1)} %`;
      }),
    );
    const [a, b] = [shown.toSorted().join(), means.toSorted().join()];
    return a === b ? [] : [`the page says ${a}, the files ${b}`];
  });
  await findings.step("a figure leads to the digests of files that are so", async () => {
    await page.locator("tr:has-text('eval-trained') a:has-text('lineage')").first().click();
    await page.waitForSelector(".lineage li");
    const kinds = await page.locator(".lineage li > header > b").allTextContents();
    const missing = ["hf-model", "torch-dist", "recipe", "hf-dataset"].filter(
      (kind) => !kinds.includes(kind),
    );
    const digest = await page
      .locator('.files tr:has-text("results.json") .digest')
      .first()
      .getAttribute("title");
    const folder = await page.locator('dt:text-is("folder") + dd').textContent();
    const bytes = await readFile(join(workspace, folder ?? "", "results.json"));
    const real = createHash("sha256").update(bytes).digest("hex");
    await visit.screen("live-lineage");
    return [
      ...missing.map((kind) => `no ${kind} in the lineage`),
      ...(digest === real ? [] : [`the page says ${digest}, the file is ${real}`]),
    ];
  });
  await findings.step("rollouts: groups, samples, tokens, the graded span", async () => {
    await go("rollouts");
    await page.waitForSelector(".tokens [data-t]");
    await page.locator('select[aria-label="With an outcome"]').selectOption("wrong");
    await page.waitForSelector(".samples .badge.bad");
    const right = await page.locator(".samples .badge.ok").count();
    await page.locator(".tokens").focus();
    await page.keyboard.press("ArrowRight");
    const said = await page.locator(".token-facts").textContent();
    // The sample is asked for anew when the filter takes away the one that was shown.
    const graded = await page
      .locator(".tokens .graded")
      .first()
      .waitFor({ timeout: 10_000 })
      .then(
        () => true,
        () => false,
      );
    await page.keyboard.press("[");
    await page.waitForSelector('[aria-label="Groups"] h2:has-text("Rollout 2")');
    return [
      ...(right === 0 ? [] : [`${right} right ones among the wrong`]),
      ...(graded ? [] : ["no graded span"]),
      ...(/log-prob -?\d/.test(said ?? "") ? [] : [`a token says “${said}”`]),
    ];
  });
  await findings.step("the recipe says who set what", async () => {
    await go("recipe");
    await page.locator("input[type=search]").fill("rollout.numRollout");
    const row = page.locator("tr:has-text('rollout.numRollout')").first();
    const text = await row.textContent();
    return text?.includes("4") === true && text.includes("--set") ? [] : [`it says “${text}”`];
  });
  await findings.step("the log is searched", async () => {
    await go("logs");
    await page.waitForSelector(".log-row");
    await page.locator("input[type=search]").fill("finished after");
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll(".log-row")].length > 4 &&
        [...document.querySelectorAll(".log-row")].every((row) =>
          row.textContent?.includes("finished after"),
        ),
    );
  });
}

async function keyboard(visit: Visit, findings: Findings): Promise<void> {
  const { page } = visit;
  await findings.step("the keyboard goes everywhere", async () => {
    await page.locator("main").focus();
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.waitForSelector("h1:has-text('Rollouts')");
    const list = page.locator('[role=listbox][aria-label="Rollouts"]');
    await list.locator("[role=option]").first().waitFor();
    await list.focus();
    await page.keyboard.press("Home");
    await page.waitForSelector('[aria-label="Groups"] h2:text-is("Rollout 0")');
    await page.keyboard.press("ArrowDown");
    await page.waitForSelector('[aria-label="Groups"] h2:text-is("Rollout 1")');
    await page.keyboard.press("/");
    const field = await page.evaluate(() => document.activeElement?.getAttribute("type"));
    return field === "search" ? [] : [`/ leads to ${field}`];
  });
  await findings.step("the appearance is switched and kept", async () => {
    await page.locator("main").focus();
    const background = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await background();
    await page.keyboard.press("t");
    await page.keyboard.press("t");
    const dark = await background();
    await page.reload();
    const kept = await background();
    await page.keyboard.press("t");
    return dark !== light && kept === dark ? [] : [`${light}, ${dark}, then ${kept}`];
  });
}

async function accessibility(
  browser: Browser,
  url: string,
  run: string,
  findings: Findings,
): Promise<void> {
  for (const { width, dark } of [
    { width: 1440, dark: false },
    { width: 800, dark: true },
  ]) {
    const visit = await Visit.begin(browser, url, { width, dark });
    const paths = [
      "/",
      `/compare?a=${run}&b=${run}`,
      `/runs/${run}/overview?stage=train`,
      ...SECTIONS.map((section) => `/runs/${run}/${section}`),
    ];
    for (const path of paths)
      await findings.step(`axe, ${width} px, ${dark ? "dark" : "light"}, ${path}`, async () => {
        await visit.open(path);
        await visit.page.waitForLoadState("load");
        await visit.page.waitForSelector("main h1");
        await visit.page
          .waitForSelector(".waiting", { state: "detached", timeout: 5_000 })
          .catch(() => undefined);
        const name = path.split("?", 1)[0]?.split("/").at(-1) || "runs";
        await visit.screen(`${name}-${width}-${dark ? "dark" : "light"}`);
        const overflow = await visit.page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        return [
          ...(await visit.accessibilityFaults()),
          ...(overflow > 0 ? [`the page is ${overflow} px wider than the window`] : []),
        ];
      });
    await findings.step("no faults on the way", async () => visit.faults);
    await visit.close();
  }
}
