import { packageOf } from "../runner/package-digest.ts";
import type { Stage } from "../stage/define-stage.ts";
import { processIo } from "./io.ts";
import { runCli } from "./run-cli.ts";
import { stageCommand } from "./stage-command.ts";

/** The executable of a stage package. `argv` without program and script; default those of the process. */
export async function stageMain(
  stage: Stage,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const { name, version } = await packageOf(stage.from);
  const [scope] = (await packageOf(import.meta.url)).name.split("/");
  const program = stageCommand(stage).name(`moonlight-${stage.name}`).version(version);
  // The codes of all packages of our scope are explained by the app; a stage of yours has its own.
  const more = (code: string): string | undefined =>
    name.startsWith(`${scope}/`) ? `npx ${scope}/moonlight explain ${code}` : undefined;
  endWith(await runCli(program, argv, processIo(), { more }));
}

/** Gives streams the time to drain, but does not let a forgotten handle keep the process. */
export function endWith(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), 2_000).unref();
}
