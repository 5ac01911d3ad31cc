import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

/** Somebody with an empty home folder and npm's default settings: nothing of this repository helps. */
export class Stranger {
  readonly folder: string;
  readonly #registry: string;
  readonly #home: string;

  private constructor(folder: string, registry: string, home: string) {
    this.folder = folder;
    this.#registry = registry;
    this.#home = home;
  }

  /** With a project of that manifest. */
  static async begin(
    root: string,
    name: string,
    registry: string,
    manifest: object,
  ): Promise<Stranger> {
    const folder = join(root, name);
    const home = join(root, "home");
    await mkdir(folder, { recursive: true });
    await mkdir(home, { recursive: true });
    await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest)}\n`);
    return new Stranger(folder, registry, home);
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(this.folder, name), content);
  }

  /** Runs a program in the project; its output, or an error with all that it said. */
  async run(
    program: string | { readonly file: string; readonly env: Readonly<Record<string, string>> },
    ...args: readonly string[]
  ): Promise<string> {
    const { file, env } = typeof program === "string" ? { file: program, env: {} } : program;
    const own = ["PATH", "TMPDIR", "LANG", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];
    const { stdout } = await execa(file, args, {
      cwd: this.folder,
      stdin: "ignore",
      extendEnv: false,
      env: {
        ...Object.fromEntries(
          own.flatMap((name) =>
            process.env[name] === undefined ? [] : [[name, process.env[name]]],
          ),
        ),
        HOME: this.#home,
        npm_config_registry: this.#registry,
        npm_config_update_notifier: "false",
        ...env,
      },
      timeout: 300_000,
      maxBuffer: 1 << 26,
    });
    return stdout;
  }
}
