import { CommanderError, type Command } from "commander";
import { EXIT_CODE, type MoonlightError, toMoonlightError, UsageError } from "@moonlight-rl/core";
import { errorOf } from "../runner/error-event.ts";
import { Redactor } from "../runner/redactor.ts";
import { formatError } from "./format-error.ts";
import { processIo, wantsColor, type CliIo } from "./io.ts";
import { setCliSession, writeLine, type CliSession } from "./session.ts";
import { handleSignals } from "./signals.ts";

export interface RunCliOptions {
  /** How a user learns more about a code: a command or an address; undefined when nothing is known of it. */
  readonly more?: (code: string) => Promise<string | undefined> | string | undefined;
}

/**
 * Parses and runs a program; errors become `error CODE: …` on standard error and an exit code.
 * The first SIGINT or SIGTERM aborts the session's signal, the second ends the process at once.
 */
export async function runCli(
  program: Command,
  argv: readonly string[],
  io: CliIo = processIo(),
  options: RunCliOptions = {},
): Promise<number> {
  const signals = handleSignals(io);
  const session: CliSession = { io, signal: signals.signal, summarised: false };
  setCliSession(program, session);
  takeOverOutput(program, io);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return EXIT_CODE.ok;
  } catch (thrown) {
    if (isHelp(thrown)) return thrown.exitCode === 0 ? EXIT_CODE.ok : EXIT_CODE.usage;
    return await reportError(fromCommander(thrown), argv, session, options);
  } finally {
    signals.dispose();
  }
}

async function reportError(
  error: MoonlightError,
  argv: readonly string[],
  session: CliSession,
  { more }: RunCliOptions,
): Promise<number> {
  const { io } = session;
  const redactor = new Redactor(io.env);
  const text = formatError(error, {
    color: wantsColor(io.stderr, io.env),
    width: io.stderr.columns,
    debug: argv.includes("--debug"),
    // Whoever pressed Ctrl-C knows what it means.
    more: error.exitCode === EXIT_CODE.interrupted ? undefined : await more?.(error.code),
  });
  io.stderr.write(`${redactor.text(text)}\n`);
  if (argv.includes("--json") && !session.summarised) {
    writeLine(
      io,
      redactor.value({
        type: "summary",
        status: error.exitCode === EXIT_CODE.interrupted ? "interrupted" : "failed",
        exitCode: error.exitCode,
        error: errorOf(error),
      }),
    );
  }
  return error.exitCode;
}

/** Commander must neither print nor exit by itself, in any of the program's commands. */
function takeOverOutput(command: Command, io: CliIo): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    // Help that nobody asked for is wanted; messages are printed as our own errors.
    writeErr: (text) => {
      if (!text.startsWith("error:")) io.stderr.write(text);
    },
    outputError: () => {},
  });
  for (const child of command.commands) takeOverOutput(child, io);
}

function isHelp(thrown: unknown): thrown is CommanderError {
  return (
    thrown instanceof CommanderError &&
    ["commander.help", "commander.helpDisplayed", "commander.version"].includes(thrown.code)
  );
}

const CODES: Readonly<Record<string, string>> = {
  "commander.unknownOption": "UNKNOWN_FLAG",
  "commander.unknownCommand": "UNKNOWN_COMMAND",
  "commander.optionMissingArgument": "MISSING_FLAG_VALUE",
  "commander.missingMandatoryOptionValue": "MISSING_FLAG",
  "commander.missingArgument": "MISSING_ARGUMENT",
  "commander.excessArguments": "EXCESS_ARGUMENTS",
  "commander.invalidArgument": "INVALID_FLAG",
};

function fromCommander(thrown: unknown): MoonlightError {
  if (!(thrown instanceof CommanderError)) return toMoonlightError(thrown);
  const [message = "", suggestion] = thrown.message.replace(/^error: /, "").split("\n");
  const field = /'(-[^' ]+)/.exec(message)?.[1];
  return new UsageError(CODES[thrown.code] ?? "USAGE", `${message}.`, {
    hint: suggestion === undefined ? "See --help." : suggestion.replace(/^\(|\)$/g, ""),
    ...(field === undefined ? {} : { field }),
  });
}
