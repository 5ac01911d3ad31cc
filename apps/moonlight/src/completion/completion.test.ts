import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completionScript } from "./completion-script.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-completion-"));
  for (const shell of ["bash", "zsh", "fish"] as const)
    await writeFile(join(folder, shell), await completionScript(shell));
});
afterAll(() => rm(folder, { recursive: true }));

const has = (shell: string): boolean => spawnSync(shell, ["--version"]).status === 0;

/** What bash would offer for the last of these words. */
function bash(...words: readonly string[]): string[] {
  const script = `source ${join(folder, "bash")}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_moonlight
printf '%s\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", script, "bash", ...words], {
    encoding: "utf8",
  });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.split("\n").filter(Boolean);
}

describe("bash", () => {
  it.each([
    [["moonlight", "pl"], ["plan"]],
    [
      ["moonlight", "runs", ""],
      ["list", "show", "compare", "samples"],
    ],
    [["moonlight", "runs", "samples", "--outc"], ["--outcome"]],
    [["moonlight", "run", "--profile", "t"], ["tiny"]],
    [["moonlight", "run", "--profile", "=", "t"], ["tiny"]],
    [
      ["moonlight", "plan", "--from", "eval-"],
      ["eval-base", "eval-trained"],
    ],
    [["moonlight", "convert", "verify", "--mod"], ["--model"]],
    // A free value and an argument are file names: bash's own business.
    [["moonlight", "run", "--workspace", "x"], []],
    [["moonlight", "run", "recipe.y"], []],
    [["moonlight", "nothing", "pl"], ["plan"]],
  ])("completes %o", (words, offered) => {
    expect(bash(...words)).toEqual(offered);
  });

  it("is syntax without faults", () => {
    expect(spawnSync("bash", ["-n", join(folder, "bash")], { encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });
});

describe.skipIf(!has("zsh"))("zsh (where it is installed)", () => {
  it("reads the script and registers it", () => {
    const script = `autoload -Uz compinit && compinit -u -D && source ${join(folder, "zsh")} && print $_comps[moonlight]`;
    const { stdout, stderr } = spawnSync("zsh", ["-f", "-c", script], { encoding: "utf8" });
    expect({ stdout, stderr }).toEqual({ stdout: "_moonlight\n", stderr: "" });
  });
});

describe.skipIf(!has("fish"))("fish (where it is installed)", () => {
  it.each([
    ["moonlight pl", ["plan"]],
    ["moonlight runs co", ["compare"]],
    ["moonlight run --profile t", ["tiny"]],
    ["moonlight runs samples --outc", ["--outcome"]],
  ])("completes %s", (line, offered) => {
    const script = `source ${join(folder, "fish")}; complete -C '${line}'`;
    const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", script], {
      encoding: "utf8",
      env: { ...process.env, HOME: folder },
    });
    expect(stderr).toBe("");
    expect(
      stdout
        .split("\n")
        .filter(Boolean)
        .map((row) => row.split("\t")[0]),
    ).toEqual(offered);
  });
});
