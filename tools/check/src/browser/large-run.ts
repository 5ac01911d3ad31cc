import { execa } from "execa";
import type { Browser } from "playwright-core";
import { startDashboard } from "./dashboard-server.ts";
import type { Findings } from "./findings.ts";
import { Visit } from "./visit.ts";

export interface LargeRun {
  readonly rollouts: number;
  readonly groups: number;
  readonly samples: number;
}

const MAKE = "apps/dashboard/dist/testing/make-run-bin.js";
const FIRST_PAINT_MS = 1_000;
const INTERACTION_MS = 100;
/** Growth that scrolling through everything may leave behind. */
const HEAP_MB = 12;
const NODES = 1_500;

/** The page over a run of thousands of rollouts: how soon it is there, how soon it answers, and what it holds on to. */
export async function checkLargeRun(
  browser: Browser,
  workspace: string,
  { rollouts, groups, samples }: LargeRun,
  findings: Findings,
): Promise<void> {
  const { stdout: run } = await execa(process.execPath, [
    MAKE,
    `--out=${workspace}`,
    `--rollouts=${rollouts}`,
    `--groups=${groups}`,
    `--samples=${samples}`,
  ]);
  findings.note(`${rollouts} rollouts × ${groups} groups × ${samples} samples`);
  const server = await startDashboard(workspace);
  try {
    const visit = await Visit.begin(browser, server.url);
    for (const section of ["overview", "metrics", "rollouts", "logs"])
      await findings.below(`first paint of ${section}`, FIRST_PAINT_MS, "ms", async () => {
        await visit.open(`/runs/${run}/${section}`);
        return visit.firstPaint();
      });
    await measureInteractions(visit, run, rollouts, findings);
    await findings.step("the log is followed until one scrolls up, and again from its end", () =>
      followLog(visit, run),
    );
    await findings.step("memory stays bounded", () =>
      scrollThrough(visit, run, rollouts, findings),
    );
    await findings.step("nothing went wrong meanwhile", async () => visit.faults);
    await visit.close();
  } finally {
    await server.close();
  }
}

async function measureInteractions(
  visit: Visit,
  run: string,
  rollouts: number,
  findings: Findings,
): Promise<void> {
  const { page } = visit;
  const head = '[aria-label="Groups"] h2';
  await visit.open(`/runs/${run}/rollouts`);
  await page.waitForSelector('[aria-label="Samples"] .sample');
  await visit.screen("large-rollouts");
  let row = 0;
  await findings.below("another rollout", INTERACTION_MS, "ms", async () => {
    row++;
    const target = `[aria-label="Rollouts"] [role=option]:nth-child(${row + 2})`;
    const name = await page.locator(`${target} .number`).first().textContent();
    return visit.press(target, head, `Rollout ${name}`);
  });
  row = 0;
  await findings.below("another group", INTERACTION_MS, "ms", async () => {
    row++;
    const target = `[aria-label="Groups"] [role=option]:nth-child(${(row % 3) + 1})`;
    const question = await page.locator(`${target} .clip`).first().textContent();
    return visit.press(target, '[aria-label="Samples"] .question', question ?? "");
  });
  row = 0;
  await findings.below("another sample", INTERACTION_MS, "ms", async () => {
    row++;
    const target = `.samples tbody tr:nth-child(${(row % 4) + 1}) button`;
    const name = await page.locator(target).textContent();
    return visit.press(target, '[aria-label="Samples"] .sample h3', `Sample ${name}`);
  });
  row = 0;
  await visit.open(`/runs/${run}/rollouts?rollout=2`);
  await page.waitForSelector('.tokens[aria-label^="Response, 6"]');
  await visit.screen("large-tokens");
  await findings.below("a sample of 6,000 tokens", INTERACTION_MS, "ms", async () => {
    row++;
    const target = `.samples tbody tr:nth-child(${(row % 4) + 1}) button`;
    const name = await page.locator(target).textContent();
    return visit.press(target, '[aria-label="Samples"] .sample h3', `Sample ${name}`);
  });
  await findings.below(
    "2,000 tokens more",
    INTERACTION_MS,
    "ms",
    async () => visit.press(".sample > .button", ".tokens", ""),
    2,
  );
  const places = [0.2, 0.9, 0.5, 0.1, 0.7];
  await findings.below("a jump within the rollouts", INTERACTION_MS, "ms", async () => {
    const wanted = Math.floor(rollouts * (places.shift() ?? 0.5));
    return page.evaluate(
      (index) =>
        new Promise<number>((resolve) => {
          const list = document.querySelector<HTMLElement>('[role=listbox][aria-label="Rollouts"]');
          const start = performance.now();
          if (list !== null) list.scrollTop = index * 32;
          const look = (): void => {
            const rows = [...(list?.querySelectorAll("[role=option]") ?? [])];
            const there = rows.some(
              (one) => one.querySelector(".rollout-row .number")?.textContent === String(index),
            );
            if (there) setTimeout(() => resolve(performance.now() - start));
            else requestAnimationFrame(look);
          };
          look();
        }),
      wanted,
    );
  });
  const sections = ["Metrics", "Log", "Alarms", "Overview", "Artifacts"];
  await findings.below("another part of the run", INTERACTION_MS, "ms", async () => {
    const title = sections.shift() ?? "Metrics";
    const path = title === "Log" ? "logs" : title.toLowerCase();
    return visit.press(`nav a[href$="/${path}"]`, "h1", title);
  });
  await visit.open(`/runs/${run}/metrics`);
  await page.waitForSelector(".u-over");
  await visit.screen("large-metrics");
  let smooth = 0;
  await findings.below("smoothing", INTERACTION_MS, "ms", async () => {
    smooth++;
    return page.evaluate(
      (value) =>
        new Promise<number>((resolve) => {
          const slider = document.querySelector<HTMLInputElement>("input[type=range]");
          const start = performance.now();
          if (slider !== null) slider.value = String(value);
          slider?.dispatchEvent(new Event("input", { bubbles: true }));
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
        }),
      smooth / 10,
    );
  });
}

async function followLog(visit: Visit, run: string): Promise<string[]> {
  const { page } = visit;
  const size = page.viewportSize();
  // So low that the lines do not all fit.
  await page.setViewportSize({ width: 1440, height: 450 });
  await visit.open(`/runs/${run}/logs`);
  await page.waitForSelector(".log-row");
  const state = async (): Promise<string> =>
    page.evaluate(() => {
      const list = document.querySelector('[aria-label="Log"]');
      const box = document.querySelector<HTMLInputElement>(".toolbar input[type=checkbox]");
      const left = list === null ? NaN : list.scrollHeight - list.scrollTop - list.clientHeight;
      return `${box?.checked === true ? "follows" : "stays"} ${left < 30 ? "at the end" : "above it"}`;
    });
  const seen = async (wanted: string): Promise<string[]> => {
    let said = "";
    for (let i = 0; i < 50 && said !== wanted; i++) {
      said = await state();
      if (said !== wanted) await page.waitForTimeout(100);
    }
    return said === wanted ? [] : [`it ${said}, and should be: ${wanted}`];
  };
  const faults = await seen("follows at the end");
  await page.locator('[aria-label="Log"]').hover();
  await page.mouse.wheel(0, -900);
  faults.push(...(await seen("stays above it")));
  await page.mouse.wheel(0, 5_000);
  faults.push(...(await seen("follows at the end")));
  if (size !== null) await page.setViewportSize(size);
  return faults;
}

/** Goes to many places of all lists; what was seen has to be let go. */
async function scrollThrough(
  visit: Visit,
  run: string,
  rollouts: number,
  findings: Findings,
): Promise<string[]> {
  const { page } = visit;
  await visit.open(`/runs/${run}/rollouts`);
  await page.waitForSelector('[aria-label="Samples"] .sample');
  const tour = async (from: number, steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) {
      const rollout = (from + i * Math.floor(rollouts / steps)) % rollouts;
      await page.evaluate((index) => {
        const list = document.querySelector<HTMLElement>('[role=listbox][aria-label="Rollouts"]');
        if (list !== null) list.scrollTop = index * 32;
      }, rollout);
      // Without handles on what was pressed: a driver that holds nodes looks like a page that does.
      await page.waitForFunction((name) => {
        const rows = [
          ...document.querySelectorAll<HTMLElement>('[aria-label="Rollouts"] [role=option]'),
        ];
        const row = rows.find((one) => one.querySelector(".number")?.textContent === name);
        row?.click();
        return row !== undefined;
      }, String(rollout));
      await page.waitForFunction(
        (name) => document.querySelector('[aria-label="Groups"] h2')?.textContent === name,
        `Rollout ${rollout}`,
      );
      await page.waitForFunction(
        () => document.querySelector('[aria-label="Samples"] .sample') !== null,
      );
    }
  };
  // What is made once (shapes, compiled code, caches of fonts) is not growth.
  await tour(1, 8);
  const before = await visit.memory();
  await tour(7, 30);
  const after = await visit.memory();
  const grown = (after.heap - before.heap) / 1e6;
  findings.note(
    `heap ${(before.heap / 1e6).toFixed(1)} MB, after 30 more rollouts ${(after.heap / 1e6).toFixed(1)} MB; nodes ${before.nodes}, then ${after.nodes}`,
  );
  return [
    ...(grown > HEAP_MB ? [`the heap grew by ${grown.toFixed(1)} MB`] : []),
    ...(after.nodes - before.nodes > NODES
      ? [`the document grew from ${before.nodes} to ${after.nodes} nodes`]
      : []),
  ];
}
