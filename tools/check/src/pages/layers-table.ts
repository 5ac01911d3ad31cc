/** Where the table of layers (top first, packages as code in its second column) differs from the layers that are enforced. */
export function layersTableFaults(
  markdown: string,
  layers: readonly (readonly string[])[],
): string[] {
  const section = /^## Packages and their layers$([\s\S]*?)^## /m.exec(markdown)?.[1] ?? "";
  const rows = section
    .split("\n")
    .filter((line) => /^\| (?!-|layer )/.test(line))
    .map((line) => [...(line.split("|")[2] ?? "").matchAll(/`([^`]+)`/g)].map((m) => m[1] ?? ""));
  const told = rows.toReversed().map((names) => names.toSorted().join(" "));
  const enforced = layers.map((names) => names.toSorted().join(" "));
  if (told.length !== enforced.length)
    return [`the table has ${told.length} layers, and ${enforced.length} are enforced`];
  return enforced.flatMap((names, at) =>
    told[at] === names ? [] : [`the table has "${told[at] ?? ""}" where "${names}" is enforced`],
  );
}
