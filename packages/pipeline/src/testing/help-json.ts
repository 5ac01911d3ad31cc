import { stagePage } from "../cli/stage-page.ts";
import type { Stage } from "../stage/define-stage.ts";

/**
 * What `help.json` beside the `package.json` of a stage package has to hold: `stageBin` prints help from it. In a test:
 * `await expect(helpJson(stage)).toMatchFileSnapshot("../help.json")`; `npx vitest run PATH -u` writes it anew.
 */
export function helpJson(stage: Stage): string {
  return `${JSON.stringify(stagePage(stage), null, 2)}\n`;
}
