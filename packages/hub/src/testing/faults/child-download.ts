import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { HubClientOptions } from "../../client/hub-client.ts";
import type { Selection } from "../../download/selection.ts";
import { IN_TIME_MS, REPO, type DownloadFixture, type Refusal } from "../download-fixture.ts";

export interface ChildOptions {
  readonly directory: string;
  readonly client?: Partial<HubClientOptions>;
  readonly selection?: Selection;
  /** Of the shell that becomes the download. */
  readonly prelude?: string;
  /** Programs before the shell, as `unshare -rm`. */
  readonly wrap?: readonly string[];
  /** So many handles are left for the first attempt. */
  readonly handles?: number;
  /** A shell command that takes the fault away, in the surroundings of the download; then it is tried once more. */
  readonly mend?: string;
}

/** What the child says of each attempt. */
interface Attempt {
  readonly error?: {
    readonly code: string;
    readonly exitCode: number;
    readonly message: string;
    readonly hint: string;
  };
  readonly ms: number;
  /** Digests of what has its final name. */
  readonly files: Readonly<Record<string, string>>;
  readonly partial: boolean;
}

/** Source text of the compiled client: a child process reads no TypeScript on Node 20. */
const CLIENT = new URL("../../../dist/testing/index.js", import.meta.url).href;

/** A download of a fixture's repository in a process of its own, which prints a line of JSON for each attempt. */
export function startChild(fixture: DownloadFixture, options: ChildOptions): ChildProcess {
  const { directory, client = {}, selection = { allow: ["*"] }, handles, mend } = options;
  const text = JSON.stringify;
  const script = `
    import { quickClient } from ${text(CLIENT)};
    import { execFileSync } from "node:child_process";
    import { createHash } from "node:crypto";
    import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
    import { join } from "node:path";
    const client = quickClient(${text(fixture.server.url)}, ${text(client)});
    const { commit } = await client.resolveRevision(${text(REPO)});
    const directory = ${text(directory)};
    const attempt = async () => {
      const start = performance.now();
      return await client
        .downloadRepo({ ...${text(REPO)}, commit, directory, selection: ${text(selection)} })
        .then(() => undefined, ({ code, exitCode, message, hint }) => ({ code, exitCode, message, hint: hint ?? "" }))
        .then((error) => ({ error, ms: performance.now() - start }));
    };
    const tell = (attempt) => {
      const files = {};
      for (const path of ${text(Object.keys(fixture.files))})
        if (existsSync(join(directory, path)))
          files[path] = createHash("sha256").update(readFileSync(join(directory, path))).digest("hex");
      console.log(JSON.stringify({ ...attempt, files, partial: existsSync(directory + ".part") }));
    };
    const taken = [];
    if (${handles !== undefined}) {
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      taken.splice(0, ${handles ?? 0}).forEach((fd) => closeSync(fd));
    }
    const first = await attempt();
    taken.forEach((fd) => closeSync(fd));
    tell(first);
    if (first.error !== undefined && ${mend !== undefined}) {
      execFileSync("sh", ["-c", ${text(mend ?? "")}]);
      tell(await attempt());
    }
    await client.close();`;
  const shell = ["sh", "-c", `${options.prelude ?? ":"}; exec "$0" --input-type=module -e "$1"`];
  const [program, ...args] = [...(options.wrap ?? []), ...shell, process.execPath, script];
  return spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** What a child says until it ends. */
export async function attemptsOf(child: ChildProcess): Promise<Attempt[]> {
  let out = "";
  child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
  await once(child, "close");
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Attempt);
}

/** `DownloadFixture.refusal` of a child, whose surroundings may be others than ours. */
export async function refusalOfChild(
  fixture: DownloadFixture,
  options: ChildOptions & { readonly mend: string },
): Promise<Refusal> {
  const [first, second] = await attemptsOf(startChild(fixture, options));
  if (first?.error === undefined) throw new Error("nothing was refused");
  const right = (path: string, digest: string | undefined): boolean =>
    createHash("sha256")
      .update(fixture.files[path] ?? "")
      .digest("hex") === digest;
  const wrong = Object.entries(first.files).flatMap(([path, digest]) =>
    right(path, digest) ? [] : [path],
  );
  const completes =
    second !== undefined &&
    second.error === undefined &&
    !second.partial &&
    Object.keys(fixture.files).every((path) => right(path, second.files[path]));
  return { ...first.error, inTime: first.ms < IN_TIME_MS, wrong, completes, broken: [] };
}
