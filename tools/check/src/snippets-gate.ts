import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHubServer } from "@moonlight-rl/hub";
import { execa } from "execa";
import pLimit from "p-limit";
import type { Gate, Verdict } from "./gate.ts";
import { pageSnippets, type Snippet } from "./snippets/page-snippets.ts";
import { makeMirror, makeReaderFolder } from "./snippets/reader-folder.ts";
import { SnippetProject } from "./snippets/snippet-project.ts";

/** Every TypeScript block of READMEs, of `docs/`, and of doc comments (by `docs/api/`) compiles as a stranger's would; most of them run. */
export function snippetsGate(): Gate {
  return {
    name: "snippets",
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "moonlight snippets "));
      try {
        return await check(folder, await allSnippets());
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function check(folder: string, snippets: readonly Snippet[]): Promise<Verdict> {
  if (snippets.length === 0) return { passed: 0, failures: ["no page has a ts block"] };
  const project = await SnippetProject.create(join(folder, "project"), snippets);
  const failures = await project.compile();
  let passed = snippets.length - failures.length;
  const failed = (snippet: Snippet): boolean =>
    failures.some((failure) => failure.startsWith(`${snippet.page}:${snippet.line}\n`));
  const [reader, mirror] = [join(folder, "reader"), join(folder, "mirror")];
  await makeReaderFolder(reader);
  await makeMirror(mirror);
  const server = await startHubServer({ root: mirror });
  try {
    const limit = pLimit(2);
    const runs = snippets
      .filter((snippet) => snippet.notRun === undefined && !failed(snippet))
      .map((snippet) => limit(() => project.run(snippet, reader, { HF_ENDPOINT: server.url })));
    const faults = (await Promise.all(runs)).filter((fault) => fault !== undefined);
    passed += runs.length - faults.length;
    return { passed, failures: [...failures, ...faults] };
  } finally {
    await server.close();
  }
}

async function allSnippets(): Promise<Snippet[]> {
  const { stdout } = await execa("git", [
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "*.md",
  ]);
  const pages = [...new Set(stdout.split("\0"))].filter((page) =>
    /(?:^|\/)(?:README\.md$|docs\/)/.test(page),
  );
  const snippets = await Promise.all(
    pages.map(async (page) => pageSnippets(page, await readFile(page, "utf8"))),
  );
  return snippets.flat();
}
