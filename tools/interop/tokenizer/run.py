"""The tokenizer package against transformers and tokenizers, live.

    npm run build && python3 tools/interop/tokenizer/run.py [--keep FOLDER] [--random N] [--update]

Makes its own environment from requirements.txt in a temporary folder (or FOLDER, kept for the next time). Checks that the
committed golden file is what Python gives (--update writes it), and compares ids and texts of N random cases with those of
`loadTokenizer`. Ends with "N passed, N failed".
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


def make_environment(folder: pathlib.Path) -> pathlib.Path:
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements.txt")], check=True)
    return python


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=pathlib.Path, help="folder of the Python environment")
    parser.add_argument("--random", type=int, default=3000, help="number of random cases")
    parser.add_argument("--update", action="store_true", help="write the golden file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        python = make_environment(options.keep or pathlib.Path(scratch) / "venv")

        def theirs(out: pathlib.Path, *flags: str) -> dict:
            subprocess.run([str(python), str(HERE / "make_golden.py"), str(MODEL), str(out), *flags], check=True)
            return json.loads(out.read_text())

        def ours(file: pathlib.Path) -> dict:
            command = ["node", "--input-type=module", "-e", OURS, str(MODEL), str(file)]
            return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)

        golden, cases = pathlib.Path(scratch) / "golden.json", pathlib.Path(scratch) / "random.json"
        comparisons = [(theirs(golden), ours(golden)), (theirs(cases, "--random", str(options.random)), ours(cases))]
        if options.update:
            GOLDEN.write_text(golden.read_text())
        passed, failed = [json.loads(GOLDEN.read_text()) == comparisons[0][0]], []
        if not passed[0]:
            failed.append("the committed golden file differs from what Python gives")
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
