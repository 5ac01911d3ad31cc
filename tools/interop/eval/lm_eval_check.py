"""The same server and the same problems through lm-eval and through `@moonlight-rl/eval`: the accuracies have to be equal.

A task that both can express: one greedy answer to a question, right if the integer in its box is the label. The server's
answers are a function of the question; some are wrong, some have no box, some have two.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROBLEMS = 120
TASK = """task: moonlight_boxed
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{label}}}}"
generation_kwargs:
  until: []
  max_gen_toks: 64
  do_sample: false
  temperature: 0.0
filter_list:
  - name: boxed
    filter:
      - function: regex
        regex_pattern: '\\\\boxed\\{{(-?[0-9]+)\\}}'
        group_select: -1
      - function: take_first
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
"""


def answer(question: str) -> str:
    a, b = map(int, re.findall(r"\d+", question))
    kind = (7 * a + 3 * b) % 10
    if kind < 5:
        return f"It is \\boxed{{{a + b}}}."
    if kind < 7:
        return f"It is \\boxed{{{a + b + kind}}}."
    if kind == 7:
        return f"It is {a + b}."
    if kind == 8:
        return f"\\boxed{{{a + b}}}? No: \\boxed{{{a - b}}}."
    return f"\\boxed{{{a - b}}}? No: \\boxed{{{a + b}}}."


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = answer(body["messages"][-1]["content"])
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        reply = json.dumps({"choices": [choice], "usage": {"completion_tokens": 9}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        pass


def accuracies() -> tuple[float, float]:
    """What lm-eval says, and what we say."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "data" / "set.jsonl"
        data.parent.mkdir()
        rows = [(i, 13 * i % 47) for i in range(PROBLEMS)]
        data.write_text(
            "".join(
                json.dumps({"prompt": f"{a} + {b} = ?", "label": str(a + b)}) + "\n" for a, b in rows
            )
        )
        (folder / "task.yaml").write_text(TASK.format(data=data))
        theirs = subprocess.run(
            [
                *[sys.executable, "-m", "lm_eval", "--model", "local-chat-completions"],
                *["--model_args", f"model=m,base_url={url},num_concurrent=8,tokenized_requests=False"],
                *["--tasks", "moonlight_boxed", "--include_path", str(folder)],
                *["--apply_chat_template", "--output_path", str(folder / "out")],
            ],
            env={"HF_HOME": str(folder / "hf"), "PATH": "/usr/bin:/bin", "OPENAI_API_KEY": "none", "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
        )
        found = sorted((folder / "out").rglob("results*.json"))
        if theirs.returncode != 0 or not found:
            raise RuntimeError(f"lm-eval failed:\n{theirs.stderr[-3000:]}")
        results = json.loads(found[-1].read_text())["results"]["moonlight_boxed"]
        ours = subprocess.run(
            [
                *["node", str(ROOT / "packages/eval/bin/moonlight-eval.js"), "--json"],
                *["--endpoint", url, "--served-model", "m", "--data", str(data.parent)],
                *["--n-samples-per-prompt", "1", "--temperature", "0", "--max-response-len", "64"],
                *["--workspace", str(folder / "workspace")],
            ],
            capture_output=True,
            text=True,
        )
        if ours.returncode != 0:
            raise RuntimeError(f"our evaluation failed:\n{ours.stderr[-3000:]}")
        summary = json.loads(ours.stdout.splitlines()[-1])
        server.shutdown()
        return results["exact_match,boxed"], summary["output"]["summary"]["accuracy"]


if __name__ == "__main__":
    print(accuracies())
