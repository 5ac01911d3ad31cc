import { html, trusted, type Html } from "./html.ts";

/** What one of our pages consists of. */
export interface HtmlDocument {
  readonly title: string;
  readonly style: string;
  /** Code that runs at the end of the body. */
  readonly script: string;
  readonly main: Html;
  /** What the script finds in the element `#data`, as JSON that is escaped already. */
  readonly data?: Html;
}

/** A whole page without any outside reference; its policy lets a browser fetch none either. */
export function htmlDocument({ title, style, script, main, data }: HtmlDocument): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
        />
        <title>${title}</title>
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <main>${main}</main>
        ${data === undefined ? undefined : html`<script id="data" type="application/json">${data}</script>`}
        <script>
          ${trusted(script)};
        </script>
      </body>
    </html>`;
  return page.markup;
}
