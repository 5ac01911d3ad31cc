import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { createProgram } from "./program.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MOONLIGHT = `${ROOT}apps/moonlight/bin/moonlight.js`;
/** Writes the address of every module that is loaded on standard error. */
const TRACE = `data:text/javascript,${encodeURIComponent(`
  import { register } from "node:module";
  register("data:text/javascript," + encodeURIComponent(\`
    import { writeSync } from "node:fs";
    export async function load(url, context, next) {
      if (!url.startsWith("node:")) writeSync(2, "LOAD " + url + "\\\\n");
      return next(url, context);
    }
  \`));
`)}`;

const all = (await createProgram("1.2.3", [])).commands.map((command) => command.name());

/** A command's help and that of the commands within it, at the end of its own words. */
function texts(command: Command): string[] {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return [text, ...command.commands.flatMap(texts)];
}

describe("help", () => {
  it.each(all)("of %s says what the command itself says", async (name) => {
    const [quick] = (await createProgram("1", [name], { forHelp: true })).commands;
    const [whole] = (await createProgram("1", [name])).commands;
    if (quick === undefined || whole === undefined) throw new Error(`${name} is no command`);
    expect(texts(quick)).toEqual(texts(whole));
  });

  // What a start costs is what it loads: the time itself is measured by `npm run bench -- cli`.
  it("of all commands loads no schema and no engine", async () => {
    const dist = `${ROOT}apps/moonlight/dist/program.js`;
    const script = `
      import { printHelp } from "@moonlight-rl/pipeline/print-help";
      import { createProgram } from ${JSON.stringify(dist)};
      for (const name of ${JSON.stringify(all)})
        if (!printHelp(await createProgram("1", [name], { forHelp: true }), [name, "--help"]))
          throw new Error(name);
    `;
    const { usages, packages } = await traced("--input-type=module", "--eval", script);
    expect(usages).toBe(all.length);
    expect(packages).toEqual(["commander"]);
  });

  const stages = readdirSync(`${ROOT}packages`).flatMap(bins);
  it.each([["moonlight.js", MOONLIGHT] as const, ...stages])(
    "of %s loads no schema and no engine",
    async (_, file) => {
      const { usages, modules, packages } = await traced(file, "--help");
      expect(usages).toBe(1);
      expect(packages).toEqual(["commander"]);
      expect(modules).toBeLessThan(12);
    },
  );
});

/** What a process writes and loads. */
async function traced(...argv: string[]) {
  const { stdout, stderr } = await execa(process.execPath, ["--import", TRACE, ...argv], {
    cwd: `${ROOT}apps/moonlight`,
    stdin: "ignore",
  });
  const loaded = [...stderr.matchAll(/^LOAD (.*)$/gm)].map(([, url = ""]) => url);
  const found = loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  const usages = [...stdout.matchAll(/^Usage: /gm)].length;
  return { usages, modules: loaded.length, packages: [...new Set(found)] };
}

/** The executables of a stage package. */
function bins(name: string): (readonly [string, string])[] {
  const folder = `${ROOT}packages/${name}`;
  if (name === "stage-generator" || !existsSync(`${folder}/bin`)) return [];
  return readdirSync(`${folder}/bin`).map((file) => [file, `${folder}/bin/${file}`] as const);
}
