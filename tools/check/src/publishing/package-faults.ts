import { readFile } from "node:fs/promises";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { formatBytes } from "@moonlight-rl/core";
import type { PackedPackage } from "./pack-packages.ts";

const NEEDED = ["package.json", "README.md", "LICENSE", "dist/index.js", "dist/index.d.ts"];
const UNWANTED =
  /(?:\.test\.(?!ts\.template$)|\.test-d\.|\.tsbuildinfo$|(?:^|\/)\.(?!npmignore)|\.tgz$|\.log$|^(?:golden|api)\/)/;
/** What a user downloads; the models and data of the tiny assets are what that package is for. */
const BUDGET: Readonly<Record<string, number>> = {
  "@moonlight-rl/tiny-moonlight": 12 << 20,
  "@moonlight-rl/tokenizer": 4 << 20,
};
const USUAL_BUDGET = 1 << 20;
/** ES modules only: CommonJS takes them with import(), or require() of Node 20.19 and later. */
const EXPECTED: ReadonlySet<Problem["kind"]> = new Set(["CJSResolvesToESM"]);

/** What is wrong with a package as it would be published. */
export async function packageFaults(one: PackedPackage): Promise<string[]> {
  return [...contentFaults(one), ...(await publintFaults(one)), ...(await typeFaults(one))].map(
    (fault) => `${one.name}: ${fault}`,
  );
}

function contentFaults({ name, files, size }: PackedPackage): string[] {
  const faults = NEEDED.filter((file) => !files.includes(file)).map((file) => `lacks ${file}`);
  const unwanted = files.filter((file) => UNWANTED.test(file));
  if (unwanted.length > 0)
    faults.push(`would publish ${unwanted.slice(0, 5).join(", ")} (${unwanted.length} files)`);
  const budget = BUDGET[name] ?? USUAL_BUDGET;
  if (size > budget)
    faults.push(`is ${formatBytes(size)} to download; its budget is ${formatBytes(budget)}`);
  return faults;
}

async function publintFaults({ tarball }: PackedPackage): Promise<string[]> {
  const bytes = await readFile(tarball);
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({
    pkgDir: "package",
    pack: { tarball: data },
    strict: true,
  });
  return messages.map((message) => formatMessage(message, pkg) ?? message.code);
}

async function typeFaults({ tarball }: PackedPackage): Promise<string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
  if (!analysis.types) return ["has no types"];
  return analysis.problems
    .filter((problem) => !EXPECTED.has(problem.kind) && !isNode10(problem))
    .map(
      (problem) =>
        `types: ${problem.kind}${"entrypoint" in problem ? ` of ${problem.entrypoint}` : ""}`,
    );
}

/** TypeScript's resolution of Node 10 knows no `exports`; nobody who can run these packages uses it. */
function isNode10(problem: Problem): boolean {
  return "resolutionKind" in problem && problem.resolutionKind === "node10";
}
