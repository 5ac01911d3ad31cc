import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

const SHAPE = ["Example", "Options", "Output", "Errors", "When it goes wrong"];

describe("the pages of the stages", () => {
  it.each(["fetch", "convert", "rollout-config", "train", "eval"])(
    "docs/%s.md says what it is for, then has the parts that all of them have",
    async (name) => {
      const page = await readFile(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8");
      const [opening = "", ...parts] = page.split(/^## /m);
      expect(parts.map((part) => part.split("\n", 1)[0])).toEqual(SHAPE);
      expect(opening).toContain(`moonlight ${name}`);
      expect(parts[0]).toContain("```sh\n");
      expect(parts[3]).toContain("](errors/");
    },
  );
});
