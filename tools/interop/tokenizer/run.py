"""The tokenizer package against transformers, tokenizers and tiktoken, live.

    npm run interop -- tokenizer

Checks that the committed golden file is what Python gives (--update writes it), and compares ids and texts of N random
cases with those of `loadTokenizer`; the same for a tiktoken vocabulary of Moonlight's form against tiktoken. Ends with "N passed, N failed".
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODEL = ROOT / "packages/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight"
GOLDEN = ROOT / "packages/tokenizer/golden/tiny.json"
OURS = """
import { readFileSync } from "node:fs";
import { loadTokenizer } from "./packages/tokenizer/dist/index.js";
const [model, file] = process.argv.slice(1);
const tokenizer = await loadTokenizer(model);
const { texts, chats, ids } = JSON.parse(readFileSync(file, "utf8"));
const decoded = (ids) => ({ ids, decoded: tokenizer.decode(ids), plain: tokenizer.decode(ids, { skipSpecialTokens: true }) });
console.log(JSON.stringify({
  texts: texts.map(({ text }) => ({ text, ...decoded(tokenizer.encode(text)) })),
  chats: chats.map(({ messages }) => ({
    messages,
    rendered: tokenizer.renderChat(messages, { addGenerationPrompt: true }),
    closed: tokenizer.renderChat(messages),
    ids: tokenizer.encodeChat(messages),
  })),
  ids: ids.map(({ ids }) => decoded(ids)),
}));
"""
TIKTOKEN = ROOT / "packages/tokenizer/golden/tiktoken"
OURS_TIKTOKEN = """
import { readFileSync } from "node:fs";
import { loadTokenizer } from "./packages/tokenizer/dist/index.js";
const [model, file] = process.argv.slice(1);
const tokenizer = await loadTokenizer(model);
console.log(JSON.stringify(JSON.parse(readFileSync(file, "utf8")).map(({ text, ids }) => {
  const own = text === null ? ids : tokenizer.encode(text);
  return { text, ids: own, decoded: tokenizer.decode(own) };
})));
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=3000, help="number of random cases")
    parser.add_argument("--update", action="store_true", help="write the golden file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        def theirs(out: pathlib.Path, *flags: str) -> dict:
            subprocess.run([sys.executable, str(HERE / "make_golden.py"), str(MODEL), str(out), *flags], check=True)
            return json.loads(out.read_text())

        def ours(file: pathlib.Path) -> dict:
            command = ["node", "--input-type=module", "-e", OURS, str(MODEL), str(file)]
            return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)

        golden, cases = pathlib.Path(scratch) / "golden.json", pathlib.Path(scratch) / "random.json"
        comparisons = [(theirs(golden), ours(golden)), (theirs(cases, "--random", str(options.random)), ours(cases))]

        def tiktoken_rows(file: pathlib.Path, *flags: str) -> tuple[list, list]:
            script = str(HERE / "make_tiktoken_golden.py")
            subprocess.run([sys.executable, script, str(TIKTOKEN), str(file), *flags], check=True)
            command = ["node", "--input-type=module", "-e", OURS_TIKTOKEN, str(TIKTOKEN), str(file)]
            own = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
            return json.loads(file.read_text()), own

        theirs_tiktoken, ours_tiktoken = tiktoken_rows(golden.with_suffix(".tiktoken"))
        comparisons.append(({"tiktoken": theirs_tiktoken}, {"tiktoken": ours_tiktoken}))
        rows = tiktoken_rows(cases.with_suffix(".tiktoken"), "--random", str(options.random))
        comparisons.append(tuple({"tiktoken": part} for part in rows))
        if options.update:
            (TIKTOKEN / "cases.json").write_text(golden.with_suffix(".tiktoken").read_text())
            GOLDEN.write_text(golden.read_text())
        passed, failed = [json.loads(GOLDEN.read_text()) == comparisons[0][0]], []
        passed.append(json.loads((TIKTOKEN / "cases.json").read_text()) == theirs_tiktoken)
        if not all(passed):
            failed.append("a committed golden file differs from what Python gives")
        for expected, actual in comparisons:
            for kind, rows in expected.items():
                for want, got in zip(rows, actual[kind], strict=True):
                    passed.append(want == got)
                    if want != got:
                        failed.append(f"{kind}: python {want}, ours {got}")
    for line in failed[:20]:
        print(line)
    print(f"{sum(passed)} passed, {len(failed)} failed")
    return 1 if failed else 0


sys.exit(main())
