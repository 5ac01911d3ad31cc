import { access } from "node:fs/promises";
import { chromium, type Browser } from "playwright-core";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** It looks for nothing outside: no updates, no sync, no first-run pages. */
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The Chromium of this machine ($CHROMIUM, or where distributions put it); undefined: there is none. */
export async function findChromium(): Promise<string | undefined> {
  for (const place of [process.env["CHROMIUM"] ?? "", ...PLACES])
    if (
      await access(place).then(
        () => place !== "",
        () => false,
      )
    )
      return place;
  return undefined;
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGS });
}
