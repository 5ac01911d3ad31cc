import { ACCENTS, ALPHABET_COMMANDS, accented, inAlphabet } from "./latex-alphabets.ts";

/** How a command with arguments becomes text. */
export interface CommandRule {
  /** `*` optional star, `[` optional argument, `{` mandatory argument; in order. */
  readonly parameters: string;
  /** Text from the arguments, in order of `parameters`; absent optional ones are "". */
  readonly text: (args: readonly string[]) => string;
  /** Text when a mandatory argument is missing; undefined: the whole conversion fails, as in the reference. */
  readonly bare: string | undefined;
}

/** Of a command that is read with its arguments and left out with them, unread. */
export const nothing = (): string => "";
const argument =
  (i: number) =>
  (args: readonly string[]): string =>
    args[i] ?? "";
const fraction = (args: readonly string[]): string => `${args[0] ?? ""}/${args[1] ?? ""}`;

const capitals = (title: string): string => title.toUpperCase();

/** Name, what stands before the title, and what becomes of the title. */
const HEADINGS: readonly (readonly [string, string, ((title: string) => string)?])[] = [
  ["chapter", "\n\nCHAPTER: ", capitals],
  ["section", "\n\n§ ", capitals],
  ["subsection", "\n\n §.§ "],
  ["subsubsection", "\n\n  §.§.§ "],
  ["subparagraph", "\n\n    "],
];

function build(): Map<string, CommandRule> {
  const rules = new Map<string, CommandRule>();
  const add = (names: string, rule: CommandRule): void => {
    for (const name of names.split(" ")) rules.set(name, rule);
  };
  add("frac nicefrac", { parameters: "{{", text: fraction, bare: "%s/%s" });
  add("sqrt", { parameters: "[{", text: (args) => `√(${args[1] ?? ""})`, bare: undefined });
  add("text textrm textit textbf textsc textsl emph mathrm", {
    parameters: "{",
    text: argument(0),
    bare: "",
  });
  add(
    "overline underline widehat widetilde wideparen overleftarrow overrightarrow overleftrightarrow " +
      "underleftarrow underrightarrow underleftrightarrow overbrace underbrace overgroup undergroup overbracket " +
      "underbracket overlinesegment underlinesegment overleftharpoon overrightharpoon",
    { parameters: "{", text: argument(0), bare: "%s" },
  );
  add("textcolor colorbox", { parameters: "[{{", text: argument(2), bare: undefined });
  add("fcolorbox", { parameters: "[{[{{", text: argument(4), bare: undefined });
  add("texorpdfstring", { parameters: "{{", text: argument(1), bare: "" });
  add("footnote", { parameters: "[{", text: (args) => `[${args[1] ?? ""}]`, bare: undefined });
  add("url", { parameters: "{", text: (args) => `<${args[0] ?? ""}>`, bare: "<%s>" });
  add("ref autoref cref", { parameters: "{", text: () => "<ref>", bare: "<ref>" });
  add("eqref", { parameters: "{", text: () => "(<ref>)", bare: "(<ref>)" });
  add("item", { parameters: "[", text: (args) => `\n  ${args[0] || "* "}`, bare: "\n  * " });
  add("ket", { parameters: "{", text: (args) => `|${args[0] ?? ""}⟩`, bare: "|%s⟩" });
  add("bra", { parameters: "{", text: (args) => `⟨${args[0] ?? ""}|`, bare: "⟨%s|" });
  add("braket", {
    parameters: "{{",
    text: (args) => `⟨${args[0] ?? ""}|${args[1] ?? ""}⟩`,
    bare: "⟨%s|%s⟩",
  });
  for (const name of ALPHABET_COMMANDS) {
    const text = (args: readonly string[]): string => inAlphabet(name, args[0] ?? "");
    add(name, { parameters: "{", text, bare: "" });
  }
  for (const [name, mark] of ACCENTS) {
    const text = (args: readonly string[]): string => accented(args[0] ?? "", mark);
    add(name, { parameters: "{", text, bare: ` ${mark}`.normalize("NFC") });
  }
  const remark = (title: string): void =>
    add(title.toLowerCase(), {
      parameters: "{",
      text: (args) => `${title}: ${args[0] ?? ""}`,
      bare: `${title}: %s`,
    });
  for (const [name, start, change = (title: string) => title] of HEADINGS) {
    const text = (args: readonly string[]): string => `${start}${change(args[2] ?? "")}\n`;
    add(name, { parameters: "*[{", text, bare: `${start}\n` });
  }
  add("part", { parameters: "", text: () => "\n\nPART: \n", bare: "\n\nPART: \n" });
  add("paragraph", { parameters: "", text: () => "\n\n  \n", bare: "\n\n  \n" });
  const picture = "\n    < g r a p h i c s >\n";
  add("includegraphics", { parameters: "[{", text: () => picture, bare: picture });
  ["Hint", "Hints", "Hinweis", "Hinweise"].forEach(remark);
  add("Cref", { parameters: "{", text: () => "<Ref>", bare: "<Ref>" });
  add("ketbra", {
    parameters: "{{",
    text: (args) => `|${args[0] ?? ""}⟩⟨${args[1] ?? ""}|`,
    bare: "|%s⟩⟨%s|",
  });
  add("cite citet citep", { parameters: "*[[{", text: () => "<cit.>", bare: "<cit.>" });
  add(
    "mbox textmd textsf texttt textup ensuremath label bibliography hypersetup keywords verb " +
      "citetext citenum subuebung subexercise exenumfulllabel",
    { parameters: "{", text: nothing, bare: "" },
  );
  add("input include title author date", { parameters: "{", text: () => "", bare: undefined });
  add("hspace", { parameters: "*{", text: nothing, bare: "" });
  add("vspace", { parameters: "*{", text: () => "\n", bare: "\n" });
  add(
    "color pagecolor hphantom vphantom xleftarrow xrightarrow documentclass usepackage RequirePackage selectlanguage " +
      "pdfloesung pdfsolution",
    { parameters: "[{", text: nothing, bare: "" },
  );
  add("citealt citealp citeauthor Citet Citep Citealt Citealp Citeauthor", {
    parameters: "*[[{",
    text: nothing,
    bare: "",
  });
  add("citefullauthor citeyear citeyearpar citetalias citepalias", {
    parameters: "[[{",
    text: nothing,
    bare: "",
  });
  add("newenvironment renewenvironment provideenvironment", {
    parameters: "*{[[{{",
    text: nothing,
    bare: "",
  });
  add("pagagraph", { parameters: "*[{", text: nothing, bare: "" });
  add("colorlet", { parameters: "[{[{", text: nothing, bare: "" });
  add("rowcolors", { parameters: "*[{{{", text: nothing, bare: "" });
  add("boxframe", { parameters: "{{{", text: nothing, bare: "" });
  add("defcitealias", { parameters: "{{", text: nothing, bare: "" });
  add("setlength addlength setcounter addcounter", {
    parameters: "[{{",
    text: nothing,
    bare: "",
  });
  add("newcommand renewcommand providecommand", { parameters: "*{[[{", text: nothing, bare: "" });
  add("DeclareMathOperator", { parameters: "*{{", text: nothing, bare: "" });
  add("definecolor providecolor", { parameters: "[{{{", text: nothing, bare: "" });
  return rules;
}

export const COMMANDS: ReadonlyMap<string, CommandRule> = build();

/** Parameters of the environments that have any. */
export const ENVIRONMENT_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ["array", "[{"],
  ["tabular", "{"],
  ["tabular*", "{{"],
  ["tabularx", "{[{"],
  ["alignat", "{"],
  ["alignat*", "{"],
  ...(
    "figure figure* table table* theorem proposition lemma corollary definition conjecture remark proof thm prop lem cor " +
    "conj rem defn enumerate itemize description"
  )
    .split(" ")
    .map((name) => [name, "["] as const),
]);

export const MATRIX_ENVIRONMENTS: ReadonlySet<string> = new Set(
  "array pmatrix bmatrix smallmatrix psmallmatrix bsmallmatrix".split(" "),
);

/** Environments that stand on lines of their own. */
export const ALIGNED_ENVIRONMENTS: ReadonlySet<string> = new Set([
  "center",
  "flushleft",
  "flushright",
]);

/** Environments whose lines are set apart, like `\[…\]`. */
export const DISPLAY_ENVIRONMENTS: ReadonlySet<string> = new Set(
  ["equation", "eqnarray", "align", "multline", "gather", "dmath"].flatMap((name) => [
    name,
    `${name}*`,
  ]),
);
