import { posix } from "node:path";

/** A package of this repository: its folder, its name, and what its `exports` let others import. */
export interface Importable {
  readonly folder: string;
  readonly name: string;
  /** Keys of `exports`: ".", "./testing", "./schemas/*.json". */
  readonly entries: readonly string[];
}

/**
 * Imports of a source file that go past what packages promise: a path that leads out of its own package, and a part of another
 * package that is no entry of it. Compilers and bundlers let some of these pass, also in tests.
 */
export function deepImports(
  file: string,
  source: string,
  packages: readonly Importable[],
): string[] {
  const own = packages.find(({ folder }) => file.startsWith(`${folder}/`));
  if (own === undefined) return [];
  return specifiersOf(source).flatMap((specifier) => {
    if (specifier.startsWith(".")) {
      const target = posix.join(posix.dirname(file), specifier);
      return target.startsWith(`${own.folder}/`)
        ? []
        : [`${file} imports ${specifier}, which is outside of its package`];
    }
    const other = packages.find(
      ({ name }) => specifier === name || specifier.startsWith(`${name}/`),
    );
    if (other === undefined) return [];
    const entry = `.${specifier.slice(other.name.length)}`;
    return other.entries.some((one) => matches(one, entry))
      ? []
      : [`${file} imports ${specifier}, which is no entry of ${other.name}`];
  });
}

function matches(entry: string, asked: string): boolean {
  const [before, after] = entry.split("*", 2);
  return after === undefined
    ? entry === asked
    : asked.startsWith(before ?? "") && asked.endsWith(after);
}

/** What a module imports, in whatever way TypeScript has for it; not what its comments and texts of many lines show. */
function specifiersOf(source: string): string[] {
  const code = source
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "")
    .replaceAll(/`(?:[^`\\]|\\.)*`/g, "``");
  return [
    ...code.matchAll(/^(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm),
    ...code.matchAll(/^import\s*["']([^"']+)["']/gm),
    ...code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g),
  ].map((match) => match[1] ?? "");
}
