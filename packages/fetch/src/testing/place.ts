import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { HfCache } from "@moonlight-rl/hub";
import { startFaultServer, type FaultServer } from "@moonlight-rl/hub/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { vi } from "vitest";
import { verifyCommand } from "../verify/verify-command.ts";

/** What the tiny model's repository has that is fetched by default. */
export const ALL = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];

/** A file of the bundled model. */
export const asset = (name: string): string => join(assetsDirectory, "models", MODEL, name);

/** A Hub with the bundled repositories, a folder of one's own, and nobody's settings of Hugging Face. */
export interface Place {
  readonly server: FaultServer;
  readonly folder: string;
  /** How often a file was asked for. */
  askedFor(name: string): number;
  close(): Promise<void>;
}

export async function startPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "fetch-place-"));
  for (const name of ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_CACHE"])
    vi.stubEnv(name, "");
  vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  vi.stubEnv("HF_HOME", join(folder, "home"));
  const server = await startFaultServer({ root: assetsDirectory });
  return {
    server,
    folder,
    askedFor: (name) =>
      server.requests.filter(({ path }) => path.includes("/resolve/") && path.endsWith(name))
        .length,
    async close() {
      vi.unstubAllEnvs();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Puts a content into the shared cache as Python's client does, or the beginning of one. */
export async function cacheBlob(name: string, bytes?: number): Promise<string> {
  const content = await readFile(asset(name));
  const digest = createHash("sha256").update(content).digest("hex");
  const blobs = join(new HfCache().repoFolder({ type: "model", repo: MODEL }), "blobs");
  await mkdir(blobs, { recursive: true });
  const file = join(blobs, bytes === undefined ? digest : `${digest}.incomplete`);
  await writeFile(file, content.subarray(0, bytes));
  return file;
}

/** A snapshot as Python's client makes it, of some of the tiny model's files. */
export async function cacheSnapshot(commit: string, names: readonly string[]): Promise<string> {
  const repository = new HfCache().repoFolder({ type: "model", repo: MODEL });
  const files = join(repository, "snapshots", commit);
  await mkdir(files, { recursive: true });
  await mkdir(join(repository, "refs"), { recursive: true });
  await writeFile(join(repository, "refs", "main"), commit);
  for (const name of names) await symlink(await cacheBlob(name), join(files, name));
  return files;
}

export async function verify(path: string) {
  const events: MoonlightEvent[] = [];
  const context = {
    signal: new AbortController().signal,
    emit: (event: MoonlightEvent) => events.push(event),
  } as never;
  const output = await verifyCommand.run({ path }, context);
  return { output, error: verifyCommand.verdict?.(output) };
}
