import { join } from "node:path";
import { readJson, writeJsonAtomic } from "@moonlight-rl/core";
import { adoptArtifact, type Artifact } from "@moonlight-rl/pipeline";
import { z } from "zod";

const schema = z.record(z.string(), z.string());

/** Remembers in the scratch folder what was published already: it has left the scratch, and must not be fetched again. */
export class Published {
  readonly #file: string;
  #folders: Record<string, string>;

  private constructor(file: string, folders: Record<string, string>) {
    this.#file = file;
    this.#folders = folders;
  }

  static async open(scratch: string): Promise<Published> {
    const file = join(scratch, "published.json");
    return new Published(file, await readJson(file, schema, { what: file }).catch(() => ({})));
  }

  /** The artifact of a field if it was published and is still whole. */
  async find<K extends string>(field: string, kind: K): Promise<Artifact<K> | undefined> {
    const folder = this.#folders[field];
    if (folder === undefined) return undefined;
    return await adoptArtifact(kind, folder).catch(() => undefined);
  }

  async add(field: string, artifact: Artifact): Promise<void> {
    this.#folders = { ...this.#folders, [field]: artifact.path };
    await writeJsonAtomic(this.#file, this.#folders);
  }
}
