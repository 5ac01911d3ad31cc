"""Token ids of a Moonlight-shaped tiktoken vocabulary as tiktoken itself gives them.

    python make_tiktoken_golden.py FOLDER --train           makes FOLDER/tiktoken.model and tokenizer_config.json, seeded
    python make_tiktoken_golden.py FOLDER OUT.json [--random N]

The vocabulary is small and its merges are learned from generated text of many scripts: what is compared is the split rule,
the order of merging and the special tokens, not Moonlight's own words.
"""

import argparse
import base64
import json
import pathlib
import random

import tiktoken

LETTERS = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]"
ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
SPLIT = "|".join([
    r"[\p{Han}]+",
    r"[^\r\n\p{L}\p{N}]?" + LETTERS[0] + "*" + LETTERS[1] + "+" + ENDINGS,
    r"[^\r\n\p{L}\p{N}]?" + LETTERS[0] + "+" + LETTERS[1] + "*" + ENDINGS,
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
])  # fmt: skip
NAMED = {0: "[BOS]", 1: "[EOS]", 2: "<|im_end|>", 3: "<|im_user|>", 4: "<|im_assistant|>", 6: "<|start_header_id|>", 7: "<|end_header_id|>",
         9: "[EOT]", 10: "<|im_system|>", 17: "<|im_middle|>", 254: "[UNK]", 255: "[PAD]"}  # fmt: skip
TEXTS = [
    "", " ", "Hello, World!\n", "What is 12345 + 67 = ?", "\\boxed{42}<|im_end|>", "it's We'LL I'M y'all 'S'ſ'T don'ttt", "汉字〇々 mixed漢字kana かなカナ 한국어",
    "  two  spaces \n\n\t\r\n end  ", "éÉßǅǈ ʰˢ ⅷ①² ½", "🙂👩‍👩‍👧 e\u0301\u0301 \u200b\ufeff\u0085\u2028x", "<|im_user|>user<|im_middle|>hi<|im_end|><|reserved_token_99|>", "<|im_end", "x" * 300 + " " * 300,
    "$$\\frac{a_1^2}{\\sqrt{b}} \\le \\int_0^{\\infty} e^{-x}\\,dx$$", "العربية हिन्दी ไทย עברית Ελληνικά Русский", "\x00\x01\x7f\x1c\x1d", "[EOS][PAD][UNK][BOS]",
    "ab" * 12501, " " * 25001 + "x",
]  # fmt: skip
PIECES = [
    *(chr(i) for i in range(128)), *"éßÉǅʰⅷ①½汉字〇々かカ한🙂ſ\u0301\u200b\ufeff\u0085\u00a0\u2028\u3000अा", "  ", "\r\n", "'s", "'LL", "'ſ", "<|im_end|>", "<|im_middle|>", "<|im_", "[EOS]", "[EO",
    "the", " the", "The", " and", "tion", "123", "45678", "\\boxed{", "}", "$$", " = ",
]  # fmt: skip


def generated(rng: random.Random, length: int) -> str:
    alphabets = ["etaoinshrdlu", "ETAOIN", "абвгдеж", "αβγδε", "汉字数学问题", "かなカナ", "한국어", "0123456789", "(){}\\+-=^_", "éüß", "हिन्दी"]
    words = ["".join(rng.choices(a, k=rng.randint(1, 7))) for a in alphabets for _ in range(40)]
    words += ["the", "and", "answer", "boxed", "Let", "Find", "integer", "\\frac{", "\\boxed{", "don't", "it's"] * 8
    return "".join(rng.choice(words) + rng.choice([" ", " ", " ", "", "\n", ", "]) for _ in range(length))


def train(folder: pathlib.Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=1200, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([generated(random.Random(5), 20_000)], trainer)
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    byte_of = {chr(byte): byte for byte in printable} | {
        chr(256 + index): byte for index, byte in enumerate(byte for byte in range(256) if byte not in printable)
    }
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    tokens = [bytes([byte]) for byte in range(256)]
    tokens += [token for text, _ in by_id if len(token := bytes(byte_of[c] for c in text)) > 1]
    (folder / "tiktoken.model").write_text("".join(f"{base64.b64encode(t).decode()} {rank}\n" for rank, t in enumerate(tokens)))
    config = {
        "added_tokens_decoder": {str(len(tokens) + i): {"content": text, "special": True} for i, text in NAMED.items()},
        "additional_special_tokens": ["<|im_end|>", "<|im_user|>", "<|im_assistant|>", "<|im_system|>", "<|im_middle|>", "[EOT]"],
        "bos_token": "[BOS]", "eos_token": "[EOS]", "pad_token": "[PAD]", "unk_token": "[UNK]", "tokenizer_class": "TikTokenTokenizer",
        "chat_template": "{% for message in messages %}<|im_{{ message.role }}|>{{ message.role }}<|im_middle|>{{ message.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_assistant|>assistant<|im_middle|>{% endif %}",
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")


def sliced(text: str) -> list[str]:
    """What the reference does before tiktoken: runs of more than 25,000 (non-)spaces and texts of more than 400,000 are cut."""
    out = []
    for part in (text[i : i + 400_000] for i in range(0, len(text), 400_000)):
        start = run = 0
        for i, character in enumerate(part):
            run = run + 1 if i > 0 and character.isspace() == part[i - 1].isspace() else 1
            if run > 25_000:
                out.append(part[start:i])
                start, run = i, 1
        out.append(part[start:])
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path, nargs="?")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--random", type=int, default=0)
    options = parser.parse_args()
    if options.train:
        return train(options.folder)
    lines = (options.folder / "tiktoken.model").read_text().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    special = {NAMED.get(i, f"<|reserved_token_{len(ranks) + i}|>"): len(ranks) + i for i in range(256)}
    encoding = tiktoken.Encoding("golden", pat_str=SPLIT, mergeable_ranks=ranks, special_tokens=special)
    rng = random.Random(23)
    texts = ["".join(rng.choices(PIECES, k=rng.randint(0, 60))) for _ in range(options.random)] if options.random else TEXTS
    if options.random:
        texts += [generated(rng, 300) for _ in range(options.random // 100)]
    rows = []
    for text in texts:
        ids = [id_ for part in sliced(text) for id_ in encoding.encode(part, allowed_special="all")]
        rows.append(dict(text=text, ids=ids, decoded=encoding.decode(ids)))
    for _ in range(options.random // 10):
        ids = rng.choices(range(encoding.n_vocab), k=rng.randint(1, 12))
        rows.append(dict(text=None, ids=ids, decoded=encoding.decode(ids)))
    options.out.write_text(json.dumps(rows, separators=(",", ":")) + "\n")


main()
