import { Argument, Command } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** `moonlight completion SHELL`: a script that completes commands, flags and their values. */
export function completionCommand(): Command {
  const command = new Command("completion")
    .description("Print a script that completes moonlight's commands and flags in a shell.")
    .addArgument(new Argument("<shell>").choices(SHELLS));
  command.addHelpText(
    "before",
    `Examples:
  $ moonlight completion bash >> ~/.bash_completion
  $ moonlight completion zsh > ~/.zsh/completions/_moonlight
  $ moonlight completion fish > ~/.config/fish/completions/moonlight.fish
`,
  );
  return command.action(async (shell: (typeof SHELLS)[number]) => {
    const { cliSession } = await import("@moonlight-rl/pipeline");
    const { completionScript } = await import("../completion/completion-script.ts");
    cliSession(command).io.stdout.write(await completionScript(shell));
  });
}
