import { expect, it } from "vitest";
import { anchorsOf, brokenLinks, linksOf } from "./markdown-links.ts";

it("finds links outside of code, with their lines", () => {
  const page = [
    'See [a](a.md#x), ![b](<b.png>) and [`c`](c.md "title").',
    "`[not](code.md)` but [d](d_(1).md)",
    "````md",
    "```",
    "[not](fenced.md)",
    "````",
    "[ref]: e.md",
  ].join("\n");
  expect(linksOf(page).map(({ target, line }) => `${line} ${target}`)).toEqual([
    "1 a.md#x",
    "1 b.png",
    "1 c.md",
    "2 d_(1).md",
    "7 e.md",
  ]);
});

it("names headings as GitHub does", () => {
  const page =
    "# The `run` command: A & B\n## Errors\n## Errors\n```sh\n# no heading\n```\n### [x](y.md) ü_1";
  expect([...anchorsOf(page)]).toEqual(["the-run-command-a--b", "errors", "errors-1", "x-ü_1"]);
});

it("names what leads nowhere", () => {
  const pages = new Map([
    ["README.md", "[docs](docs) [out](../x.md) [gone](gone.md) [web](https://example.org/x.md)"],
    ["docs/README.md", "[here](#top) [up](../README.md#nowhere) [code](../src/a.ts)\n# Top"],
  ]);
  expect(brokenLinks(pages, new Set([...pages.keys(), "src/a.ts"]))).toEqual([
    "README.md:1: ../x.md: there is no such file",
    "README.md:1: gone.md: there is no such file",
    "docs/README.md:1: ../README.md#nowhere: the page has no such heading",
  ]);
});

it("asks that three links lead from the README to each page of docs", () => {
  const chain = ["README.md", "docs/1.md", "docs/2.md", "docs/3.md", "docs/4.md"];
  const pages = new Map(
    chain.map((page, index) => [page, `[next](/${chain[index + 1] ?? "README.md"})`] as const),
  );
  expect(brokenLinks(pages, new Set(chain))).toEqual([
    "docs/4.md: further than 3 links from README.md",
  ]);
});
