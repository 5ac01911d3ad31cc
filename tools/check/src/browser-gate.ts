import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { Findings } from "./browser/findings.ts";
import { checkLargeRun, type LargeRun } from "./browser/large-run.ts";
import { checkLiveRun } from "./browser/live-run.ts";
import { findChromium, openBrowser } from "./browser/open-browser.ts";
import type { Gate } from "./gate.ts";

/** As many rollouts as a long training has, of few samples: seconds to make. */
const MANY: LargeRun = { rollouts: 3_000, groups: 4, samples: 4 };
/** All of it, 750 MB. */
const WHOLE: LargeRun = { rollouts: 3_000, groups: 128, samples: 8 };

/**
 * A browser on the dashboard, beside a real run and over one of many rollouts. Times are printed: CI's machines differ, and
 * the deep check holds them to their bounds.
 */
export function browserGate(): Gate {
  return withBrowser("browser", false, async (browser, folder, findings) => {
    await checkLiveRun(browser, join(folder, "live é run"), findings);
    await checkLargeRun(browser, join(folder, "large"), MANY, findings);
  });
}

/** 3,000 rollouts of 1,024 samples each, with every time below its bound. */
export function largeBrowserGate(): Gate {
  return {
    ...withBrowser("browser large", true, (browser, folder, findings) =>
      checkLargeRun(browser, folder, WHOLE, findings),
    ),
    alone: true,
  };
}

function withBrowser(
  name: string,
  boundsHold: boolean,
  drive: (browser: Browser, folder: string, findings: Findings) => Promise<void>,
): Gate {
  return {
    name,
    async run() {
      const chromium = await findChromium();
      if (chromium === undefined)
        return {
          passed: 0,
          failures: [],
          skipped: [
            "the dashboard in a browser: no Chromium here (apt install chromium, or $CHROMIUM)",
          ],
        };
      const folder = await mkdtemp(join(tmpdir(), "moonlight-browser-"));
      const browser = await openBrowser(chromium);
      try {
        const findings = new Findings({ boundsHold });
        await drive(browser, folder, findings);
        return findings.verdict();
      } finally {
        await browser.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
