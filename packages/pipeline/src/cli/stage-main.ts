import { packageOf } from "../runner/package-digest.ts";
import type { Stage } from "../stage/define-stage.ts";
import { runCli } from "./run-cli.ts";
import { stageCommand } from "./stage-command.ts";

/** The executable of a stage package. `argv` without program and script; default those of the process. */
export async function stageMain(
  stage: Stage,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const { version } = await packageOf(stage.from);
  const program = stageCommand(stage).name(`moonlight-${stage.name}`).version(version);
  endWith(await runCli(program, argv));
}

/** Gives streams the time to drain, but does not let a forgotten handle keep the process. */
export function endWith(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), 2_000).unref();
}
