import { Command } from "commander";
import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";

/** `moonlight report`: writes a run's page again, here or elsewhere. */
export function reportCommand(): Command {
  const command = new Command("report")
    .description("Write a run's report: one HTML file without any outside reference.")
    .argument("[run]", "id, a unique part of it, latest, or latest~1", "latest");
  command.addHelpText(
    "before",
    "Examples:\n  $ moonlight report\n  $ moonlight report latest --out report.html\n",
  );
  addCommonOptions(
    command.option("--out <file>", "where to write it (default: the run's folder)"),
  ).action(async (wanted: string) => {
    const { cliSession, findRun } = await import("@moonlight-rl/pipeline");
    const flags: { json?: boolean; workspace?: string; out?: string } = command.optsWithGlobals();
    const { io } = cliSession(command);
    const { openCommand } = await import("../config/command-workspace.ts");
    const { workspace } = await openCommand(command);
    const id = await findRun(workspace, wanted);
    const { writeReport } = await import("../report/write-report.ts");
    const { path } = await writeReport(workspace, id, flags.out);
    io.stdout.write(
      flags.json === true ? `${JSON.stringify({ type: "report", run: id, path })}\n` : `${path}\n`,
    );
  });
  return command;
}
