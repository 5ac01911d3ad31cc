/** The page's look: light and dark by the reader's preference, no network. */
export const PAGE_STYLE = `
:root { --ink:#1c2430; --soft:#5d6b7c; --line:#dfe4ea; --paper:#fbfcfd; --card:#fff; --accent:#3b5bdb; --good:#2b8a3e; --bad:#c92a2a; --cut:#e8b339; --mark:#fff3bf; --mono:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace }
@media (prefers-color-scheme: dark) { :root { --ink:#e6eaf0; --soft:#95a3b5; --line:#2b3442; --paper:#12161c; --card:#191f28; --accent:#8ea6ff; --good:#69db7c; --bad:#ff8787; --mark:#5c4a00 } }
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink); font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif }
main { max-width:1100px; margin:0 auto; padding:32px 20px 64px } h1 { font-size:22px; margin:0 } h2 { font-size:17px; margin:36px 0 10px } .soft { color:var(--soft) }
.scroll { overflow:auto; max-height:70vh } table { border-collapse:collapse; width:100%; font-variant-numeric:tabular-nums }
th { text-align:left; font-weight:600; color:var(--soft); font-size:13px; position:sticky; top:0; background:var(--paper) } th[data-sort] { cursor:pointer }
th,td { padding:5px 12px 5px 0; border-bottom:1px solid var(--line); vertical-align:top } .n { text-align:right }
td.prompt { max-width:420px; overflow:hidden; text-overflow:ellipsis; white-space:nowrap } tr[data-problem] { cursor:pointer } tr.chosen { background:var(--card) }
svg { width:100%; height:auto; display:block } .right { fill:var(--good) } .wrong { fill:var(--bad); opacity:.7 } .tick { fill:var(--soft); font-size:11px }
.sides { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr)); gap:16px }
pre { white-space:pre-wrap; overflow-wrap:anywhere; font:13px/1.5 var(--mono); background:var(--card); border:1px solid var(--line); border-radius:8px; padding:12px; margin:6px 0 14px; max-height:60vh; overflow:auto }
mark { background:var(--mark); color:inherit; border-radius:3px; outline:1px solid var(--cut) } .yes { color:var(--good); font-weight:600 } .no { color:var(--bad); font-weight:600 }
code { font-family:var(--mono); font-size:13px; overflow-wrap:anywhere } select,input { font:inherit; color:inherit; background:var(--card); border:1px solid var(--line); border-radius:6px; padding:3px 6px }
footer { margin-top:48px; color:var(--soft); font-size:13px }
`;

/** Sorting of the table, and the sample browser. Responses only ever become text nodes. */
export const PAGE_SCRIPT = `
const data = JSON.parse(document.getElementById("data").textContent);
const table = document.querySelector("#problems"), body = table.tBodies[0], view = document.querySelector("#samples"), filter = document.querySelector("#outcome");
const element = (tag, text, kind) => { const made = document.createElement(tag); if (text !== undefined) made.textContent = text; if (kind) made.className = kind; return made; };
for (const head of table.querySelectorAll("th[data-sort]")) head.addEventListener("click", () => {
  const column = head.cellIndex, up = head.dataset.order !== "up"; head.dataset.order = up ? "up" : "down";
  const value = (row) => { const text = row.cells[column].dataset.value ?? row.cells[column].textContent; return text === "" ? -Infinity : isNaN(text) ? text : Number(text); };
  body.append(...[...body.rows].sort((a, b) => { const x = value(a), y = value(b); return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1); }));
});
const marked = (sample) => {
  const block = element("pre"), text = sample.response, span = sample.span;
  if (!span) { block.textContent = text; return block; }
  block.append(text.slice(0, span.start), element("mark", text.slice(span.start, span.end)), text.slice(span.end));
  return block;
};
const show = (index) => {
  for (const row of body.rows) row.classList.toggle("chosen", Number(row.dataset.problem) === index);
  view.replaceChildren();
  const problem = data.sides[0].problems[index];
  view.append(element("h3", "Problem " + problem.problem), element("pre", problem.prompt), element("p", "Right answer: " + problem.label));
  const sides = element("div", undefined, "sides"); view.append(sides);
  for (const side of data.sides) {
    const column = element("div"); sides.append(column);
    if (data.sides.length > 1) column.append(element("h3", side.title));
    for (const sample of side.problems[index].samples) {
      if (filter.value !== "" && sample.outcome !== filter.value) continue;
      const head = element("div"), tokens = sample.tokens === null ? "" : ", " + sample.tokens + " tokens";
      head.append("Sample " + sample.sample + tokens + (sample.truncated ? ", cut off" : "") + ": ", element("span", sample.outcome.replaceAll("_", " "), sample.outcome === "correct" ? "yes" : "no"), sample.extracted === null ? "" : ", graded: " + sample.extracted.slice(0, 200));
      column.append(head, marked(sample));
    }
  }
};
let chosen = 0;
body.addEventListener("click", (event) => { const row = event.target.closest("tr"); if (row) { chosen = Number(row.dataset.problem); show(chosen); view.scrollIntoView({ behavior: "smooth" }); } });
filter.addEventListener("change", () => show(chosen));
show(0);
`;
