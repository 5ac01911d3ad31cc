import { CommanderError, type Command } from "commander";

/** Whether a command line may ask for help or the version; `printHelp` finds out. */
export function mayAskForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const flags = argv.slice(0, end === -1 ? argv.length : end);
  return (
    flags.some((flag) => flag === "--help" || flag === "-h") ||
    /^(?:--version|-V|help)$/.test(argv[0] ?? "")
  );
}

/**
 * Prints the help or the version that a command line asks for and says whether it does: in `--set --help`, the word is a value.
 * The program is of no other use afterwards.
 */
export function printHelp(program: Command, argv: readonly string[]): boolean {
  silence(program);
  program.hook("preAction", () => {
    throw new CommanderError(1, "moonlight.action", "");
  });
  try {
    program.parse([...argv], { from: "user" });
    return false;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return thrown.exitCode === 0;
  }
}

/** Only what was asked for is printed; a fault is for whoever runs the command then. */
function silence(command: Command): void {
  command.exitOverride();
  command.configureOutput({ writeErr: () => {}, outputError: () => {} });
  for (const child of command.commands) silence(child);
}
