import { expect, it } from "vitest";
import { htmlDocument } from "./html-document.ts";
import { html, trusted } from "./html.ts";

it("escapes its title, lets nothing be fetched, and has its data beside its script", () => {
  const frame = { title: "<a>", style: "b{}", script: "run()", main: html`<p>${"<c>"}</p>` };
  const page = htmlDocument({ ...frame, data: trusted('{"d":1}') });
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain("<title>&lt;a&gt;</title>");
  expect(page).toContain("<main><p>&lt;c&gt;</p></main>");
  expect(page).toContain("default-src 'none'");
  expect(page).toContain('<script id="data" type="application/json">{"d":1}</script>');
  expect(htmlDocument(frame)).not.toContain('id="data"');
});
