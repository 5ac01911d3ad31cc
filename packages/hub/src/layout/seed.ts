import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A local file whose first `bytes` bytes are believed to be the first bytes of some content. */
export interface Seed {
  readonly path: string;
  readonly bytes: number;
}

/** The first seed that is whole, else the longest: `find` are asked in their order. */
export async function bestSeed(
  size: number,
  find: readonly (() => Promise<Seed | undefined>)[],
): Promise<Seed | undefined> {
  let best: Seed | undefined;
  for (const next of find) {
    const seed = await next();
    if (seed === undefined || seed.bytes > size) continue;
    if (seed.bytes === size) return seed;
    if (seed.bytes > (best?.bytes ?? 0)) best = seed;
  }
  return best;
}

/** A regular file as a seed; undefined when there is none. */
export async function seedAt(path: string): Promise<Seed | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true && info.size > 0 ? { path, bytes: info.size } : undefined;
}

/**
 * The longest prefix that Python's client has left for `stem`: `<stem>.incomplete`, which its versions before 2 continue,
 * or `<stem>.<8 digits>.incomplete`, which a killed process of a later version leaves behind.
 */
export async function incompleteSeed(stem: string, size: number): Promise<Seed | undefined> {
  const folder = dirname(stem);
  const name = stem.slice(folder.length + 1);
  const names = (await readdir(folder).catch(() => [])).filter(
    (other) =>
      other.startsWith(`${name}.`) &&
      /^(?:\.[0-9a-f]{8})?\.incomplete$/.test(other.slice(name.length)),
  );
  return await bestSeed(
    size,
    names.map((other) => () => seedAt(join(folder, other))),
  );
}
