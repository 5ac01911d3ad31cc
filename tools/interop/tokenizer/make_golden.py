"""Token ids and chat texts of a tokenizer folder as transformers and tokenizers give them.

    python make_golden.py MODEL_DIR OUT.json [--random N]

With --random, N seeded random texts, id lists and conversations instead of the few that are committed as golden.
"""

import argparse
import json
import pathlib
import random

from tokenizers import Tokenizer
from transformers import AutoTokenizer

TEXTS = ["\\boxed{85}<|im_end|>", "Hello, World!\n", "12 + 34 = ? 5 - 4", "system user assistant", "\\boxed{\\boxed{1}}", "tab\tand é", ""]
CHATS = [
    [{"role": "user", "content": "47 + 38 = ?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1 - 1 = ?"}],
    [{"role": "user", "content": "2 + 2 = ?"}, {"role": "assistant", "content": "\\boxed{4}"}, {"role": "user", "content": "sure?"}],
]
# The embedding has more rows than the tokenizer has tokens: a model can sample such an id.
IDS = [[13, 42, 120, 39, 111, 8], [127]]
PIECES = [
    *(chr(i) for i in range(128)), *"éß中😀\u200b\u0301", "  ", "<|im_end|>", "<|im_middle|>", "<|im_end", "[UNK]", "[EOS]", "[PAD",
    "system", "user", "assistant", "assist", "\\boxed{", "\\boxed", " + ", " - ", " = ?", " = ", "You are a helpful assistant",
    "You are a helpful assistant provided by Moonshot-AI.",
]  # fmt: skip


def random_cases(count: int) -> tuple[list, list, list]:
    rng = random.Random(17)

    def text() -> str:
        return "".join(rng.choices(PIECES, k=rng.randint(0, 30)))

    def chat() -> list:
        return [dict(role=rng.choice(["system", "user", "assistant"]), content=text()) for _ in range(rng.randint(1, 5))]

    ids = [[rng.randrange(128) for _ in range(rng.randint(1, 20))] for _ in range(count)]
    return [text() for _ in range(count)], [chat() for _ in range(count // 10)], ids


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--random", type=int, default=0)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    fast = Tokenizer.from_file(str(options.model / "tokenizer.json"))

    def encode(text: str) -> list[int]:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == fast.encode(text, add_special_tokens=False).ids, f"transformers and tokenizers differ on {text!r}"
        return ids

    def decoded(ids: list[int]) -> dict:
        return dict(ids=ids, decoded=tokenizer.decode(ids), plain=tokenizer.decode(ids, skip_special_tokens=True))

    def chat(messages: list) -> dict:
        rendered, closed = (tokenizer.apply_chat_template(messages, add_generation_prompt=open_, tokenize=False) for open_ in (True, False))
        return dict(messages=messages, rendered=rendered, closed=closed, ids=encode(rendered))

    texts, chats, ids = random_cases(options.random) if options.random else (TEXTS, CHATS, IDS)
    golden = dict(
        texts=[dict(text=text) | decoded(encode(text)) for text in texts],
        chats=[chat(messages) for messages in chats],
        ids=[decoded(list_) for list_ in ids],
    )
    options.out.write_text(json.dumps(golden, indent=1) + "\n")


main()
