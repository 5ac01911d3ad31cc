"""Token ids and chat texts of the tiny tokenizer as transformers gives them.

    python make_golden.py MODEL_DIR OUT.json
"""

import json
import sys

from transformers import AutoTokenizer

TEXTS = ["\\boxed{85}<|im_end|>", "Hello, World!\n", "12 + 34 = ? 5 - 4", "system user assistant", "\\boxed{\\boxed{1}}", "tab\tand é", ""]
CHATS = [
    [{"role": "user", "content": "47 + 38 = ?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1 - 1 = ?"}],
    [{"role": "user", "content": "2 + 2 = ?"}, {"role": "assistant", "content": "\\boxed{4}"}, {"role": "user", "content": "sure?"}],
]

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
texts = []
for text in TEXTS:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    texts.append(dict(text=text, ids=ids, decoded=tokenizer.decode(ids), plain=tokenizer.decode(ids, skip_special_tokens=True)))
chats = []
for messages in CHATS:
    rendered = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    closed = tokenizer.apply_chat_template(messages, add_generation_prompt=False, tokenize=False)
    chats.append(dict(messages=messages, rendered=rendered, closed=closed, ids=tokenizer(rendered, add_special_tokens=False)["input_ids"]))
with open(sys.argv[2], "w") as file:
    json.dump(dict(texts=texts, chats=chats), file, indent=1)
    file.write("\n")
