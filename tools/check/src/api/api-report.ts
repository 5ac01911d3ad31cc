import { packageApi } from "./api-entries.ts";

/** What a package promises: the declaration of every name that can be imported from it, by entry point and name. */
export async function apiReport(folder: string): Promise<string> {
  const { entryPoints } = await packageApi(folder);
  const parts = entryPoints.map(({ module, exports }) => {
    const sections = exports.map(
      ({ name, statements }) => `## ${name}\n\n${statements.map(({ text }) => text).join("\n")}\n`,
    );
    return `# ${module}\n\n${sections.join("\n")}`;
  });
  return parts.join("\n");
}
