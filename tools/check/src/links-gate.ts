import { readFile } from "node:fs/promises";
import type { Gate } from "./gate.ts";
import { brokenLinks, linksOf } from "./markdown-links.ts";
import { repositoryFiles } from "./workspace/copy-workspace.ts";

/** Follows every relative link and anchor of all tracked Markdown files, and asks that each page of `docs/` is linked. */
export function linksGate(): Gate {
  return {
    name: "links",
    async run() {
      const files = new Set(await repositoryFiles());
      const pages = new Map<string, string>();
      for (const file of files) {
        // Changeset texts become sections of changelogs elsewhere, so a relative link has no meaning in them.
        if (!file.endsWith(".md") || file.startsWith(".changeset/")) continue;
        pages.set(file, await readFile(file, "utf8"));
      }
      const failures = brokenLinks(pages, files);
      const links = [...pages.values()].reduce((sum, text) => sum + linksOf(text).length, 0);
      if (links === 0) failures.push("no link found: the pages were not read rightly");
      return { passed: links - failures.length, failures };
    },
  };
}
