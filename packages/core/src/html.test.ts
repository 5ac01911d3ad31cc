import { describe, expect, it } from "vitest";
import { html, trusted } from "./html.ts";

describe("html", () => {
  it("escapes what is interpolated, also in attributes", () => {
    const attack = `"><script>alert('1')</script>&`;
    expect(html`<p title="${attack}">${attack}</p>`.markup).not.toMatch(/<script|title=""/);
  });

  it("keeps nested markup and drops undefined", () => {
    const items = ["a", "<b>"].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}${undefined}</ul>${trusted("<hr>")}`.markup).toBe(
      "<ul><li>a</li><li>&lt;b&gt;</li></ul><hr>",
    );
  });
});
