import { basename } from "node:path";
import type { ExportedName, PackageApi } from "./api-entries.ts";
import { parseDocComment } from "./doc-comment.ts";

/** Longer declarations (those of schemas are) are folded. */
const MOST_LINES = 40;

/** The page of a package: what it exports, with signatures, doc comments and examples. */
export function apiPage(folder: string, api: PackageApi): string {
  const sections = api.entryPoints.map(({ module, exports }) => {
    const rows = exports.map((exported) => {
      const { text } = docOf(exported);
      return `| [\`${exported.name}\`](#${anchor(exported.name)}) | ${kindOf(exported)} | ${cell(firstSentence(text))} |`;
    });
    const table = ["| export | | |", "| --- | --- | --- |", ...rows].join("\n");
    return `## ${module}\n\n${table}\n\n${exports.map((one) => section(folder, one)).join("\n")}`;
  });
  return [
    `# ${api.name}: API`,
    `${api.description}. What it is for, its tables and its errors are in [the README](../../${folder}/README.md).`,
    "Generated from the code by `UPDATE_API=1 npm run check -- api-docs`; every example is compiled by `npm run check -- snippets`.",
    ...sections,
  ].join("\n\n");
}

/** The list of all pages. */
export function apiIndex(
  packages: readonly (readonly [folder: string, api: PackageApi])[],
): string {
  const rows = packages.map(([folder, { name, description, entryPoints }]) => {
    const count = entryPoints.reduce((sum, { exports }) => sum + exports.length, 0);
    return `| [\`${name}\`](${basename(folder)}.md) | ${count} | ${cell(description)} |`;
  });
  return `# API\n\nWhat each package exports, generated from the code (\`UPDATE_API=1 npm run check -- api-docs\`).\n\n| package | exports | |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

function section(folder: string, exported: ExportedName): string {
  const { text, params, returns, throws, examples } = docOf(exported);
  const code = exported.statements
    .map(({ documented }) =>
      documented.replaceAll(/^( +)/gm, (spaces) => spaces.replaceAll("    ", "  ")),
    )
    .join("\n");
  const block = `\`\`\`typescript\n${code}\n\`\`\``;
  const parts = [
    `### ${exported.name}`,
    text,
    code.split("\n").length > MOST_LINES
      ? `<details><summary>declaration</summary>\n\n${block}\n\n</details>`
      : block,
    params.map(([name, what]) => `- \`${name}\`: ${what}`).join("\n"),
    returns === undefined ? "" : `Returns ${returns}`,
    ...throws.map((what) => `Throws ${what}`),
    ...examples.map((example) => `\`\`\`ts\n${example}\n\`\`\``),
    source(folder, exported.file),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function docOf({ statements }: ExportedName): ReturnType<typeof parseDocComment> {
  return parseDocComment(statements.findLast(({ doc }) => doc !== undefined)?.doc);
}

function kindOf({ statements }: ExportedName): string {
  const text = statements.at(-1)?.text ?? "";
  return /\b(function|const|class|interface|type)\b/.exec(text)?.[1] ?? "from another package";
}

/** Where the declaration comes from: `packages/x/dist/a/b.d.ts` is compiled from `packages/x/src/a/b.ts`. */
function source(folder: string, file: string | undefined): string {
  if (file === undefined) return "";
  const path = file.replace(`${folder}/dist/`, `${folder}/src/`).replace(/\.d\.ts$/, ".ts");
  return `[${path}](../../${path})`;
}

function firstSentence(text: string): string {
  return /^[^]*?[.](?=\s|$)/.exec(text)?.[0].replaceAll(/\s+/g, " ") ?? text;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w-]/g, "");
}
