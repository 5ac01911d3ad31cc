import { readFile } from "node:fs/promises";
import { execa } from "execa";
import type { Gate } from "./gate.ts";
import { brokenLinks, linksOf } from "./markdown-links.ts";

/** Follows every relative link and anchor of all tracked Markdown files, and asks that each page of `docs/` is linked. */
export function linksGate(): Gate {
  return {
    name: "links",
    async run() {
      // Untracked files count too: a page is checked before it is committed.
      const { stdout } = await execa("git", [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
      ]);
      const files = new Set(stdout.split("\0").filter((file) => file !== ""));
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
