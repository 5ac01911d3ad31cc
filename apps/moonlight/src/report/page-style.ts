/** The report's look: one column of text, a grid of charts, light and dark by the reader's preference, no network. */
export const PAGE_STYLE = `
:root { --ink:#1c2430; --soft:#5d6b7c; --line:#dfe4ea; --paper:#fbfcfd; --card:#fff; --accent:#3b5bdb; --good:#2b8a3e; --bad:#c92a2a; --mono:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace }
@media (prefers-color-scheme: dark) { :root { --ink:#e6eaf0; --soft:#95a3b5; --line:#2b3442; --paper:#12161c; --card:#191f28; --accent:#8ea6ff; --good:#69db7c; --bad:#ff8787 } }
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink); font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif }
main { max-width:1000px; margin:0 auto; padding:32px 20px 64px }
h1 { font-size:22px; margin:0 } h2 { font-size:17px; margin:40px 0 12px } small,.soft { color:var(--soft) }
.verdict { display:flex; flex-wrap:wrap; gap:12px; margin:20px 0 } .tile { flex:1 1 180px; background:var(--card); border:1px solid var(--line); border-radius:10px; padding:14px 16px }
.tile b { display:block; font-size:26px; line-height:1.25; font-variant-numeric:tabular-nums }
.charts { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr)); gap:14px }
figure { margin:0; background:var(--card); border:1px solid var(--line); border-radius:10px; padding:12px 14px } figcaption { min-height:44px } .now { float:right; font-variant-numeric:tabular-nums; color:var(--accent); font-weight:600 }
svg { width:100%; height:auto; display:block } .grid { stroke:var(--line) } .tick { fill:var(--soft); font-size:11px } .line { fill:none; stroke:var(--accent); stroke-width:2; stroke-linejoin:round } .raw { fill:none; stroke:var(--accent); opacity:.28 }
.dot { fill:var(--accent) } .interval { stroke:var(--accent); stroke-width:2; opacity:.4 } .cursor { stroke:var(--soft); stroke-dasharray:3 3 } .hover[hidden] { display:none } .hover circle { fill:var(--accent) }
.scroll { overflow-x:auto } table { border-collapse:collapse; width:100%; font-variant-numeric:tabular-nums } th { text-align:left; font-weight:600; color:var(--soft); font-size:13px } th,td { padding:6px 12px 6px 0; border-bottom:1px solid var(--line); vertical-align:top } td.n,th.n { text-align:right }
code,.mono { font-family:var(--mono); font-size:13px; overflow-wrap:anywhere } .yes { color:var(--good); font-weight:600 } .no { color:var(--bad); font-weight:600 }
details { margin:8px 0 } summary { cursor:pointer } footer { margin-top:48px; color:var(--soft); font-size:13px }
a { color:var(--accent) } div:target { outline:2px solid var(--accent); outline-offset:2px; border-radius:4px } th[scope=row] { color:var(--ink) } tr { break-inside:avoid }
@media print { :root { --ink:#000; --soft:#444; --line:#ccc; --paper:#fff; --card:#fff; --accent:#1f3fb0; --good:#1b6e2f; --bad:#a61e1e } main { max-width:none; padding:0 } figure,.tile { break-inside:avoid } h2 { break-after:avoid } }
`;

/** Shows step and value under the pointer, and prints what is folded; without it the page is complete, only silent. */
export const PAGE_SCRIPT = `
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
for (const figure of document.querySelectorAll("figure.chart")) {
  const points = JSON.parse(figure.dataset.points), svg = figure.querySelector("svg"), hover = figure.querySelector(".hover"), now = figure.querySelector(".now"), rest = now.textContent;
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * 460;
    const [px, py, step, text] = points.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
    hover.removeAttribute("hidden"); hover.querySelector("line").setAttribute("x1", px); hover.querySelector("line").setAttribute("x2", px);
    hover.querySelector("circle").setAttribute("cx", px); hover.querySelector("circle").setAttribute("cy", py); now.textContent = text + " at rollout " + step;
  });
  svg.addEventListener("pointerleave", () => { hover.setAttribute("hidden", ""); now.textContent = rest; });
}
`;
