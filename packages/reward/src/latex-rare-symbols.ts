/** LaTeX commands without arguments that hardly stand in an answer, and the signs that the reference writes for them: `name text name text …`. */
export const RARE_WORDS = `
textfrac %s/%s textexclamdown ¡ textcurrency ¤ textbrokenbar ¦ textasciidieresis ¨ textordfeminine ª guillemotleft «
textlnot ¬ textasciimacron ¯ textasciiacute ´ textordmasculine º guillemotright » textquestiondown ¿ textflorin ƒ
texthvlig ƕ textnrleg ƞ textschwa ə textphi ɸ textglotstop ʔ textturnk ʞ textasciicaron ˇ textasciibreve ˘
textacutedbl ˝ backepsilon ϶ CYRYO Ё CYRDJE Ђ CYRIE Є CYRDZE Ѕ CYRII І CYRYI Ї CYRJE Ј CYRLJE Љ CYRNJE Њ CYRTSHE Ћ
CYRUSHRT Ў CYRDZHE Џ CYRA А CYRB Б CYRV В CYRG Г CYRD Д CYRE Е CYRZH Ж CYRZ З CYRI И CYRISHRT Й CYRK К CYRL Л CYRM М
CYRN Н CYRO О CYRP П CYRR Р CYRS С CYRT Т CYRU У CYRF Ф CYRH Х CYRC Ц CYRCH Ч CYRSH Ш CYRSHCH Щ CYRHRDSN Ъ CYRERY Ы
CYRSFTSN Ь CYREREV Э CYRYU Ю CYRYA Я cyra а cyrb б cyrv в cyrg г cyrd д cyre е cyrzh ж cyrz з cyri и cyrishrt й cyrk к
cyrl л cyrm м cyrn н cyro о cyrp п cyrr р cyrs с cyrt т cyru у cyrf ф cyrh х cyrc ц cyrch ч cyrsh ш cyrshch щ
cyrhrdsn ъ cyrery ы cyrsftsn ь cyrerev э cyryu ю cyrya я cyryo ё cyrdje ђ cyrie є cyrdze ѕ cyrii і cyryi ї cyrje ј
cyrlje љ cyrnje њ cyrtshe ћ cyrushrt ў cyrdzhe џ CYRYAT Ѣ cyryat ѣ CYRBYUS Ѫ cyrbyus ѫ CYRFITA Ѳ cyrfita ѳ CYRIZH Ѵ
cyrizh ѵ CYRSEMISFTSN Ҍ cyrsemisftsn ҍ CYRRTICK Ҏ cyrrtick ҏ CYRGUP Ґ cyrgup ґ CYRGHCRS Ғ cyrghcrs ғ CYRGHK Ҕ cyrghk ҕ
CYRZHDSC Җ cyrzhdsc җ CYRZDSC Ҙ cyrzdsc ҙ CYRKDSC Қ cyrkdsc қ CYRKVCRS Ҝ cyrkvcrs ҝ CYRKHCRS Ҟ cyrkhcrs ҟ CYRKBEAK Ҡ
cyrkbeak ҡ CYRNDSC Ң cyrndsc ң CYRNG Ҥ cyrng ҥ CYRPHK Ҧ cyrphk ҧ CYRABHHA Ҩ cyrabhha ҩ CYRSDSC Ҫ cyrsdsc ҫ CYRTDSC Ҭ
cyrtdsc ҭ CYRY Ү cyry ү CYRYHCRS Ұ cyryhcrs ұ CYRHDSC Ҳ cyrhdsc ҳ CYRTETSE Ҵ cyrtetse ҵ CYRCHRDSC Ҷ cyrchrdsc ҷ
CYRCHVCRS Ҹ cyrchvcrs ҹ CYRSHHA Һ cyrshha һ CYRABHCH Ҽ cyrabhch ҽ CYRABHCHDSC Ҿ cyrabhchdsc ҿ CYRpalochka Ӏ CYRKHK Ӄ
cyrkhk ӄ CYRLDSC Ӆ cyrldsc ӆ CYRNHK Ӈ cyrnhk ӈ CYRCHLDSC Ӌ cyrchldsc ӌ CYRMDSC Ӎ cyrmdsc ӎ CYRAE Ӕ cyrae ӕ CYRSCHWA Ә
cyrschwa ә CYRABHDZE Ӡ cyrabhdze ӡ CYROTLD Ө cyrotld ө CYRGDSC Ӷ cyrgdsc ӷ CYRGDSCHCRS Ӻ cyrgdschcrs ӻ CYRHHK Ӽ
cyrhhk ӽ CYRHHCRS Ӿ cyrhhcrs ӿ textbaht ฿ textcompwordmark ‌ quotesinglbase ‚ quotedblbase „ textdagger †
textdaggerdbl ‡ textpertenthousand ‱ guilsinglleft ‹ guilsinglright › textreferencemark ※ textinterrobang ‽
textfractionsolidus ⁄ textasteriskcentered ⁎ textdiscount ⁒ nolinebreak ⁠ textcolonmonetary ₡ textlira ₤ textnaira ₦
textwon ₩ textdong ₫ textpeso ₱ textnumero № textcircledP ℗ textrecipe ℞ textservicemark ℠ textohm Ω textmho ℧
textestimated ℮ textuparrow ↑ textdownarrow ↓ arrowwaveleft ↜ arrowwaveright ↝ looparrowleft ↫ looparrowright ↬
leftrightsquigarrow ↭ nleftrightarrow ↮ upharpoonright ↾ upharpoonleft ↿ downharpoonright ⇂ downharpoonleft ⇃
dblarrowupdown ⇅ leftleftarrows ⇇ upuparrows ⇈ rightrightarrows ⇉ downdownarrows ⇊ nLeftrightarrow ⇎ Lleftarrow ⇚
Rrightarrow ⇛ DownArrowUpArrow ⇵ surfintegral ∯ volintegral ∰ clwintegral ∱ homothetic ∻ lazysinv ∾ approxnotequal ≆
tildetrpl ≋ allequal ≌ doteqdot ≑ fallingdotseq ≒ risingdotseq ≓ estimates ≙ starequal ≛ notlessgreater ≸
notgreaterless ≹ truestate ⊧ forcesextra ⊨ VDash ⊫ nVdash ⊮ nVDash ⊯ original ⊶ image ⊷ hermitconjmatrix ⊹
rightanglearc ⊾ leftthreetimes ⋋ rightthreetimes ⋌ backsimeq ⋍ verymuchless ⋘ verymuchgreater ⋙ precedesnotsimilar ⋨
succnsim ⋩ ntrianglelefteq ⋬ ntrianglerighteq ⋭ varperspcorrespond ⌆ recorder ⌕ textlangle 〈 textrangle 〉 textblank ␢
textvisiblespace ␣ textopenbullet ◦ textbigcircle ◯ textmusicalnote ♪ quarternote ♩ clockoint ⨏ sqrint ⨖ lnapprox ⪉
gnapprox ⪊ lesseqqgtr ⪋ gtreqqless ⪌ eqslantless ⪕ eqslantgtr ⪖ precneqq ⪵ succneqq ⪶ precapprox ⪷ succapprox ⪸
precnapprox ⪹ succnapprox ⪺ subseteqq ⫅ supseteqq ⫆ subsetneqq ⫋ supsetneqq ⫌ textquotesingle ' textasciigrave \`
textdoublepipe ǂ texttildelow ˜ texttheta θ textvartheta ϑ Stigma Ϛ Digamma Ϝ Koppa Ϟ Sampi Ϡ textTheta ϴ
lessequivlnt ≲ greaterequivlnt ≳ preccurlyeq ≼ succcurlyeq ≽ upslopeellipsis ⋰ downslopeellipsis ⋱ circledS Ⓢ diagup ╱
rightmoon ☾ mercury ☿ venus ♀ male ♂ jupiter ♃ saturn ♄ uranus ♅ neptune ♆ pluto ♇ aries ♈ taurus ♉ gemini ♊ cancer ♋
leo ♌ virgo ♍ libra ♎ scorpio ♏ sagittarius ♐ capricornus ♑ aquarius ♒ pisces ♓ eighthnote ♪ UpArrowBar ⤒
DownArrowBar ⤓ LeftRightVector ⥎ RightUpDownVector ⥏ DownLeftRightVector ⥐ LeftUpDownVector ⥑ LeftVectorBar ⥒
RightVectorBar ⥓ RightUpVectorBar ⥔ RightDownVectorBar ⥕ DownLeftVectorBar ⥖ DownRightVectorBar ⥗ LeftUpVectorBar ⥘
LeftDownVectorBar ⥙ LeftTeeVector ⥚ RightTeeVector ⥛ RightUpTeeVector ⥜ RightDownTeeVector ⥝ DownLeftTeeVector ⥞
DownRightTeeVector ⥟ LeftUpTeeVector ⥠ LeftDownTeeVector ⥡ UpEquilibrium ⥮ ReverseUpEquilibrium ⥯ RoundImplies ⥰
Angle ⦜ LeftTriangleBar ⧏ RightTriangleBar ⧐ RuleDelayed ⧴ perspcorrespond ⩞ Equal ⩵ NestedLessLess ⪡
NestedGreaterGreater ⪢ openbracketleft 〚 openbracketright 〛
`;
