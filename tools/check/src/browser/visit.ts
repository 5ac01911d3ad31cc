import axe from "axe-core";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { screenFile } from "../screen-file.ts";

export interface VisitOptions {
  readonly width?: number;
  readonly dark?: boolean;
}

/** One window on the dashboard. It notes what must not happen: errors, refused content, requests to elsewhere. */
export class Visit {
  readonly page: Page;
  readonly faults: string[] = [];
  readonly #context: BrowserContext;
  readonly #base: string;
  #session: CDPSession | undefined;

  private constructor(context: BrowserContext, page: Page, base: string) {
    this.#context = context;
    this.page = page;
    this.#base = base;
    page.on("pageerror", (error) => this.faults.push(`error in the page: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.faults.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(base)) this.faults.push(`asks elsewhere: ${request.url()}`);
    });
  }

  static async begin(browser: Browser, base: string, options: VisitOptions = {}): Promise<Visit> {
    const { width = 1440, dark = false } = options;
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: dark ? "dark" : "light",
    });
    return new Visit(context, await context.newPage(), base);
  }

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.#base}${path.slice(1)}`);
  }

  /** Milliseconds from the request to the first text on the screen. */
  async firstPaint(): Promise<number> {
    await this.page.waitForFunction(
      () => performance.getEntriesByName("first-contentful-paint").length > 0,
    );
    return this.page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
    );
  }

  /** Milliseconds from a press to the end of the frame in which a place says what it has to. */
  async press(target: string, place: string, text: string): Promise<number> {
    await this.page.waitForSelector(target, { state: "attached" });
    return this.page.evaluate(
      ({ target, place, text }) =>
        new Promise<number>((resolve, reject) => {
          const start = performance.now();
          document.querySelector<HTMLElement>(target)?.click();
          const look = (): void => {
            const there = [...document.querySelectorAll(place)].some((element) =>
              (element.textContent ?? "").includes(text),
            );
            const spent = performance.now() - start;
            if (there)
              requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
            else if (spent > 10_000) reject(new Error(`${place} never said “${text}”`));
            else requestAnimationFrame(look);
          };
          look();
        }),
      { target, place, text },
    );
  }

  /** Serious and critical findings of axe. */
  async accessibilityFaults(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const results = await this.page.evaluate(() =>
      (
        globalThis as unknown as {
          axe: { run(options: object): Promise<axe.AxeResults> };
        }
      ).axe.run({ resultTypes: ["violations"] }),
    );
    return results.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, help, nodes }) =>
          `axe ${id}: ${help} (${nodes.length}×, ${nodes[0]?.target.join(" ")}: ${nodes[0]?.failureSummary?.replaceAll("\n", " ")})`,
      );
  }

  /** Bytes of the heap and nodes of the document once everything that can be let go is. */
  async memory(): Promise<{ readonly heap: number; readonly nodes: number }> {
    this.#session ??= await this.#context.newCDPSession(this.page);
    // Nodes of the document are let go one collection after what held them.
    for (let i = 0; i < 3; i++) {
      await this.#session.send("HeapProfiler.collectGarbage");
      await this.page.waitForTimeout(100);
    }
    await this.#session.send("Performance.enable");
    const { metrics } = await this.#session.send("Performance.getMetrics");
    const of = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0;
    return { heap: of("JSHeapUsedSize"), nodes: of("Nodes") };
  }

  /** A picture, if $MOONLIGHT_SCREENS names a folder for them. */
  async screen(name: string): Promise<void> {
    const path = await screenFile(`${name}.png`);
    if (path !== undefined) await this.page.screenshot({ path });
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}
