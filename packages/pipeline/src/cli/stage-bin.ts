import { readFileSync } from "node:fs";
import type { Stage } from "../stage/define-stage.ts";
import { pageCommand, type HelpPage } from "./help-page.ts";
import { mayAskForHelp, printHelp } from "./print-help.ts";

/**
 * The executable of a stage package that keeps its help as `help.json`: asking for help loads nothing else.
 *
 * @param root folder of the package, with `package.json` and `help.json`
 * @param load gives the stage when there is work
 */
export async function stageBin(root: URL, load: () => Promise<Stage>): Promise<void> {
  const argv = process.argv.slice(2);
  if (mayAskForHelp(argv) && printHelp(helpProgram(root), argv)) return;
  const { stageMain } = await import("./stage-main.ts");
  await stageMain(await load(), argv);
}

function helpProgram(root: URL): ReturnType<typeof pageCommand> {
  // Files of the package itself; a schema for them would cost half of the time that `--help` may take.
  const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, root), "utf8"));
  const page = read("help.json") as HelpPage;
  const { version } = read("package.json") as { readonly version: string };
  return pageCommand(page).name(`moonlight-${page.name}`).version(version);
}
