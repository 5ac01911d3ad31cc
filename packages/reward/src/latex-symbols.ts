import { RARE_WORDS } from "./latex-rare-symbols.ts";

/** LaTeX commands without arguments and the text that they stand for, as `name text name text …`. */
const WORDS = `
alpha α beta β gamma γ delta δ epsilon ϵ zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ omicron ο pi π
rho ρ sigma σ tau τ upsilon υ phi ϕ chi χ psi ψ omega ω varepsilon ε vartheta ϑ varpi ϖ varrho ϱ varsigma ς varphi φ
varkappa ϰ digamma ϝ Alpha Α Beta Β Gamma Γ Delta Δ Epsilon Ε Zeta Ζ Eta Η Theta Θ Iota Ι Kappa Κ Lambda Λ Mu Μ Nu Ν
Xi Ξ Omicron Ο Pi Π Rho Ρ Sigma Σ Tau Τ Upsilon Υ Phi Φ Chi Χ Psi Ψ Omega Ω
sin sin cos cos tan tan arcsin arcsin arccos arccos arctan arctan sinh sinh cosh cosh tanh tanh arcsinh arcsinh
arccosh arccosh arctanh arctanh ln ln log log exp exp max max min min sup sup inf inf lim lim
infty ∞ hbar ħ hslash ℏ ell ℓ wp ℘ aleph ℵ beth ℶ gimel ℷ daleth ℸ nabla ∇ partial ∂ prime ' backprime ‵ surd √ mho ℧
eth ƪ complement ∁ emptyset ∅ varnothing ∅ forall ∀ exists ∃ nexists ∄ lnot ¬ therefore ∴ because ∵ top ⊤ perp ⊥
angle ∠ measuredangle ∡ sphericalangle ∢ rightangle ∟ square □ lozenge ◊ blacklozenge ⧫ blacksquare ▪ diamond ♢ star ⋆
triangleq ≜ vartriangle ▵ bigtriangleup △ bigtriangledown ▽ triangledown ▿ triangleleft ◃ triangleright ▹
blacktriangle ▴ blacktriangledown ▾ blacktriangleleft ◂ blacktriangleright ▸ bigcirc ◯ flat ♭ natural ♮ sharp ♯
dag † dagger † pm ± mp ∓ cdot · times × div ÷ ast ∗ circ ∘ bullet ∙ dotplus ∔ divideontimes ⋇ amalg ⨿ wr ≀ uplus ⊎
oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙ bigoplus ⊕ bigotimes ⊗ boxplus ⊞ boxminus ⊟ boxtimes ⊠ boxdot ⊡
circledcirc ⊚ circledast ⊛ circleddash ⊝ wedge ∧ vee ∨ bigwedge ⋀ bigvee ⋁ veebar ⊻ barwedge ⌅ curlyvee ⋎ curlywedge ⋏
cap ∩ cup ∪ bigcap ⋂ bigcup ⋃ Cap ⋒ Cup ⋓ sqcap ⊓ sqcup ⊔ setminus ∖ smallsetminus ∖ sum ∑ prod ∏ coprod ∐
int ∫ iint ∬ iiint ∭ oint ∮ bowtie ⋈ ltimes ⋉ rtimes ⋊ intercal ⊺ pitchfork ⋔ between ≬ multimap ⊸ asymp ≍
in ∈ notin ∉ ni ∋ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ nsubseteq ⊈ nsupseteq ⊉ subsetneq ⊊ supsetneq ⊋
Subset ⋐ Supset ⋑ sqsubset ⊏ sqsupset ⊐ sqsubseteq ⊑ sqsupseteq ⊒
neq ≠ le ≤ ge ≥ leq ≤ geq ≥ leqslant ⩽ geqslant ⩾ leqq ≦ geqq ≧ lneq ⪇ gneq ⪈ lneqq ≨ gneqq ≩ ll ≪ gg ≫ nless ≮ ngtr ≯
nleq ≰ ngeq ≱ lesssim ≲ gtrsim ≳ lnsim ⋦ gnsim ⋧ lessapprox ⪅ gtrapprox ⪆ lessgtr ≶ gtrless ≷ lessdot ⋖ gtrdot ⋗
lesseqgtr ⋚ gtreqless ⋛ prec ≺ succ ≻ preceq ≼ succeq ≽ precsim ≾ succsim ≿ nprec ⊀ nsucc ⊁ curlyeqprec ⋞ curlyeqsucc ⋟
sim ∼ simeq ≃ backsim ∽ cong ≅ approx ≈ approxeq ≊ equiv ≡ doteq ≐ bumpeq ≏ Bumpeq ≎ circeq ≗ eqcirc ≖ propto ∝
parallel ∥ nparallel ∦ mid | nmid ∤ vdash ⊢ dashv ⊣ Vdash ⊩ Vvdash ⊪ nvdash ⊬ nvDash ⊭ Colon ∷ frown ⌢ smile ⌣
trianglelefteq ⊴ trianglerighteq ⊵ vartriangleleft ⊲ vartriangleright ⊳ ntriangleleft ⋪ ntriangleright ⋫
to → rightarrow → leftarrow ← uparrow ↑ downarrow ↓ leftrightarrow ↔ updownarrow ↕ Rightarrow ⇒ Leftarrow ⇐ Uparrow ⇑
Downarrow ⇓ Leftrightarrow ⇔ Updownarrow ⇕ longrightarrow ⟶ longleftarrow ⟵ longleftrightarrow ⟷ Longrightarrow ⟹
Longleftarrow ⟸ Longleftrightarrow ⟺ mapsto ↦ longmapsto ⟼ nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖ hookrightarrow ↪
hookleftarrow ↩ rightharpoonup ⇀ rightharpoondown ⇁ leftharpoonup ↼ leftharpoondown ↽ rightleftharpoons ⇌
leftrightharpoons ⇋ rightsquigarrow ⇝ nrightarrow ↛ nleftarrow ↚ nRightarrow ⇏ nLeftarrow ⇍ twoheadrightarrow ↠
twoheadleftarrow ↞ rightarrowtail ↣ leftarrowtail ↢ curvearrowleft ↶ curvearrowright ↷ circlearrowleft ↺
circlearrowright ↻ rightleftarrows ⇄ leftrightarrows ⇆ Lsh ↰ Rsh ↱
ldots … cdots ⋯ vdots ⋮ ddots ⋱ iddots ⋰ udots ⋰ dots … dotsb … dotsc … dotsi … dotsm … dotso … dddot ⃛ ddddot ⃜
langle ⟨ rangle ⟩ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ lbrace { rbrace } vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖
ulcorner ⌜ urcorner ⌝ llcorner ⌞ lrcorner ⌟ lmoustache ⎰ rmoustache ⎱
aa å AA Å ae æ AE Æ oe œ OE Œ o ø O Ø l ł L Ł ss ß i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ ng ŋ NG Ŋ ij ĳ IJ Ĳ
backslash \\ textbackslash \\ textasciicircum ˆ textasciitilde ~ textendash – textemdash — textquoteleft ‘
textquoteright ’ textquotedblleft “ textquotedblright ” textpm ± textmp ∓ texttimes × textdiv ÷ texteuro € textcent ¢
textsterling £ textyen ¥ textdollar $ textdegree ° textcelsius ℃ textmu µ textonehalf ½ textonequarter ¼
textthreequarters ¾ textonesuperior ¹ texttwosuperior ² textthreesuperior ³ textperiodcentered ˙ textbullet •
textellipsis … textsection § textparagraph ¶ textregistered ® textcopyright © texttrademark ™ textohm Ω
textperthousand ‰ textleftarrow ← textrightarrow → id 𝕀 Ident 𝕀
`;

/** Commands of one sign, and those whose text has blanks. Any other sign stands for nothing. */
const SIGNS: readonly (readonly [string, string])[] = [
  ["limsup", "lim sup"],
  ["liminf", "lim inf"],
  ["quad", "  "],
  ["qquad", "    "],
  ["enskip", "\u2002"],
  [" ", " "],
  [",", " "],
  [";", " "],
  [":", " "],
  ["!", ""],
  ["{", "{"],
  ["}", "}"],
  ["&", "&"],
  ["#", "#"],
  ["_", "_"],
  ["$", "$"],
  ["%", "%"],
  ["-", "\u00AD"],
];

function readSymbols(): Map<string, string> {
  const words = `${WORDS}${RARE_WORDS}`.trim().split(/\s+/);
  const symbols = new Map(SIGNS);
  for (let i = 0; i + 1 < words.length; i += 2) symbols.set(words[i] ?? "", words[i + 1] ?? "");
  return symbols;
}

/** Text of each command that takes no arguments. A command in neither table has no text of its own. */
export const SYMBOLS: ReadonlyMap<string, string> = readSymbols();

/** What LaTeX reads as one sign although it is typed as several characters; longest first. */
export const LIGATURES: readonly (readonly [string, string])[] = [
  ["---", "—"],
  ["--", "–"],
  ["``", "“"],
  ["''", "”"],
  ["!`", "¡"],
  ["?`", "¿"],
  ["~", "\u00A0"],
  ["&", "   "],
];
