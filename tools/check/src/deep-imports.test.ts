import { expect, it } from "vitest";
import { deepImports } from "./deep-imports.ts";

const PACKAGES = [
  { folder: "packages/core", name: "@s/core", entries: [".", "./testing", "./schemas/*.json"] },
  { folder: "packages/core-more", name: "@s/core-more", entries: ["."] },
  { folder: "packages/hub", name: "@s/hub", entries: ["."] },
];
const from = (line: string): string[] =>
  deepImports("packages/hub/src/client/get.ts", line, PACKAGES);

it.each([
  'import { a } from "@s/core";',
  'import { a } from "@s/core/testing";',
  'import a from "@s/core/schemas/one.json";',
  'import { a } from "@s/core-more";',
  'import { a } from "../files/a.ts";',
  'import { a } from "zod/deep";',
  '/** import { a } from "@s/core/src/a.ts"; */',
  '// import { a } from "@s/core/src/a.ts";',
  'const page = `\nimport { a } from "@s/core/src/a.ts";\n`;',
])("lets %s pass", (line) => {
  expect(from(line)).toEqual([]);
});

it.each([
  'import { a } from "@s/core/dist/a.js";',
  'import type {\n  a,\n} from "@s/core/src/a.ts";',
  'export { a } from "@s/core/internal";',
  'const a = await import("@s/core/internal");',
  'type A = import("@s/core/internal").A;',
  'import { a } from "@s/core-more/testing";',
  'import { a } from "../../../core/src/a.ts";',
  'import "../../../../tools/a.ts";',
])("refuses %s", (line) => {
  expect(from(line)).toHaveLength(1);
});
