import { cp, mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { projectFolders } from "../projects.ts";

/**
 * A copy of this repository as it lies here, with what is not committed yet, as a git repository of one commit.
 *
 * @param options.built with the folders that builds have made
 */
export async function copyWorkspace(
  into: string,
  options: { readonly built?: boolean } = {},
): Promise<void> {
  const files = await repositoryFiles();
  for (const folder of new Set(files.map((file) => dirname(join(into, file)))))
    await mkdir(folder, { recursive: true });
  for (const file of files) await cp(file, join(into, file), { verbatimSymlinks: true });
  if (options.built === true)
    for (const folder of await projectFolders())
      if (existsSync(join(folder, "dist")))
        await cp(join(folder, "dist"), join(into, folder, "dist"), { recursive: true });
  await git(into, "init", "--quiet", "--initial-branch=main");
  await git(into, "add", "--all");
  await git(into, "commit", "--quiet", "--message=as it lies here");
}

/** Paths of all files that are part of this repository, also of those that are not committed yet. */
export async function repositoryFiles(): Promise<string[]> {
  const stdout = await git(".", "ls-files", "--cached", "--others", "--exclude-standard", "-z");
  return stdout.split("\0").filter((file) => file !== "" && existsSync(file));
}

/** Runs git there, as nobody in particular. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(
    "git",
    [
      "-c",
      "user.name=check",
      "-c",
      "user.email=check@localhost",
      "-c",
      "commit.gpgsign=false",
      ...args,
    ],
    { cwd, stdin: "ignore", maxBuffer: 1 << 26 },
  );
  return stdout;
}
