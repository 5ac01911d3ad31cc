import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { artifact } from "../artifact/artifact.ts";
import { defineStage } from "../stage/define-stage.ts";
import { defineSubcommand } from "../stage/subcommand.ts";
import { helpJson } from "../testing/help-json.ts";
import { pageCommand, type HelpPage } from "./help-page.ts";
import { mayAskForHelp, printHelp } from "./print-help.ts";
import { stageCommand } from "./stage-command.ts";

const look = defineSubcommand({
  name: "look",
  title: "Look at one.",
  input: z.strictObject({ path: z.string(), deep: z.boolean().default(true) }),
  positionals: ["path"],
  output: z.object({}),
  run: async () => ({}),
});

const stage = defineStage({
  name: "melt",
  title: "Melt it.",
  from: import.meta.url,
  input: z.strictObject({
    model: artifact("hf-model").describe("what is melted"),
    heat: z.number().default(3).describe("how much"),
    set: z.array(z.string()).optional(),
    way: z.enum(["fast", "slow"]),
  }),
  output: z.object({}),
  positionals: ["model"],
  examples: ["./model --way fast"],
  commands: [look],
  run: async () => ({}),
});

/** What the command writes when it is asked for help by these arguments; undefined when it says that it was not. */
function asked(command: ReturnType<typeof pageCommand>, ...argv: string[]): string | undefined {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const printed = printHelp(command.name("melt").version("1.2.3"), argv);
  const text = write.mock.calls.map(([part]) => part).join("");
  write.mockRestore();
  return printed ? text : undefined;
}

/** From the file, as an executable has it. */
const fromFile = () => pageCommand(JSON.parse(helpJson(stage)) as HelpPage);

afterEach(() => vi.restoreAllMocks());

describe("printHelp", () => {
  it.each([[["--help"]], [["look", "-h"]], [["--version"]]])(
    "prints for %j from the page what the command itself says",
    (argv) => {
      const text = asked(fromFile(), ...argv);
      expect(text).toBe(asked(stageCommand(stage), ...argv));
      expect(text).toMatch(/^Examples:\n {2}\$ melt |^1\.2\.3\n$/);
    },
  );

  it("breaks a long example before a flag, so that it can be copied from 80 columns", () => {
    const page = JSON.parse(helpJson(stage)) as HelpPage;
    const long =
      "./a-model-of-a-long-name --way slow --heat 12345 --set something=else > melted.txt";
    const text = asked(pageCommand({ ...page, examples: [long] }), "--help") ?? "";
    const [, first = "", second = ""] = text.split("\n");
    expect([first, second]).toEqual([
      "  $ melt ./a-model-of-a-long-name --way slow --heat 12345 --set something=else \\",
      "      > melted.txt",
    ]);
    expect(first.length).toBeLessThanOrEqual(80);
  });

  it.each([
    ["a value that looks like it", ["--set", "--help"]],
    ["a value before a missing one", ["m", "--way", "-h"]],
    ["nothing of it", []],
    ["an argument that is called help", ["help"]],
  ])("leaves %s to whoever runs the command, and prints nothing", (_, argv) => {
    const error = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(asked(fromFile(), ...argv)).toBeUndefined();
    expect(asked(stageCommand(stage), ...argv)).toBeUndefined();
    expect(error).not.toHaveBeenCalled();
  });

  it("does nothing of what a command would do", () => {
    const command = stageCommand(stage);
    const action = vi.fn();
    command.action(action);
    expect(asked(command, "m", "--set", "--help")).toBeUndefined();
    expect(action).not.toHaveBeenCalled();
  });
});

it.each([
  [["fetch", "--help"], true],
  [["-h"], true],
  [["help", "fetch"], true],
  [["-V"], true],
  [["fetch", "--version"], false],
  [["fetch", "--", "--help"], false],
  [[], false],
])("mayAskForHelp(%j) is %s", (argv, expected) => {
  expect(mayAskForHelp(argv)).toBe(expected);
});
