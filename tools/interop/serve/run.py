"""OpenAI's own clients, for Python and for npm, against `moonlight serve`, live.

    npm run interop -- serve

Both must get the same answers for the same seeds, whole and streamed. Then a minute of load (`LOAD_SECONDS`). Ends with "N passed, N failed".
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import openai

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODEL = ROOT / "packages/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight"
NPM_CLIENT = "openai@7.57.0"
MESSAGES = [{"role": "user", "content": "12 + 30 = ?"}]

passed = failed = 0


def check(name, condition, detail=""):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print(f"FAIL  {name} {detail}")


def python_client(url):
    client = openai.OpenAI(api_key="secret", base_url=f"{url}/v1", max_retries=0)
    settings = dict(model="tiny-moonlight", messages=MESSAGES, seed=7, max_tokens=24, n=2)
    whole = client.chat.completions.create(**settings, logprobs=True, top_logprobs=2)
    streamed = ["", ""]
    for chunk in client.chat.completions.create(
        **settings, stream=True, stream_options={"include_usage": True}
    ):
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
        usage = chunk.usage
    texts = [choice.message.content for choice in whole.choices]
    check("python: streamed is whole", streamed == texts, f"{streamed} {texts}")
    check("python: usage", usage == whole.usage, f"{usage} {whole.usage}")
    first = whole.choices[0].logprobs.content
    check("python: top_logprobs", all(len(token.top_logprobs) == 2 for token in first))
    check("python: finish", [c.finish_reason for c in whole.choices] == ["stop", "stop"])
    completion = client.completions.create(
        model="tiny-moonlight", prompt=["12 + 3", "4"], max_tokens=3, seed=7, logprobs=1, echo=True
    )
    scores = completion.choices[0].logprobs
    check("python: echo", completion.choices[0].text.startswith("12 + 3"))
    check("python: echoed tokens", scores.token_logprobs[0] is None and scores.text_offset[:3] == [0, 1, 2])
    try:
        client.chat.completions.create(**{**settings, "temperature": -1})
        check("python: refusal", False)
    except openai.BadRequestError as error:
        check("python: refusal", error.param == "temperature", error)
    try:
        openai.OpenAI(api_key="wrong", base_url=f"{url}/v1").models.list()
        check("python: wrong key", False)
    except openai.AuthenticationError:
        check("python: wrong key", True)
    check("python: models", [m.id for m in client.models.list()] == ["tiny-moonlight"])

    def ask(i):
        return client.chat.completions.create(**{**settings, "seed": i, "n": 1}).choices[0].message.content

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        together = list(pool.map(ask, range(48)))
    check("python: 48 at once, each as alone", together == [ask(i) for i in range(48)])
    return texts


def npm_client(url, texts, folder):
    subprocess.run(
        ["npm", "install", "--silent", "--no-save", "--prefix", folder, NPM_CLIENT], check=True
    )
    module = pathlib.Path(folder) / "node_modules/openai/index.mjs"
    done = subprocess.run(
        ["node", str(HERE / "client.mjs"), str(module), f"{url}/v1"],
        check=True,
        capture_output=True,
        text=True,
    )
    got = json.loads(done.stdout)
    check("npm: as Python's", got["whole"] == texts, got["whole"])
    check("npm: streamed is whole", got["streamed"] == got["whole"], got["streamed"])
    check("npm: stream helper", got["helper"] == got["whole"][0], got["helper"])
    check("npm: refusal", got["refused"] == {"status": 400, "param": "temperature"}, got["refused"])
    check("npm: models", got["models"] == ["tiny-moonlight"])
    check("npm: usage", got["usage"]["prompt_tokens"] == 18)
    check("npm: completions", len(got["completion"]) == 2)


def under_load(url, pid):
    """A minute of 500 clients; the figures are printed, since they say something of the machine too."""
    done = subprocess.run(
        ["node", str(HERE / "load.mjs"), url, "secret", str(pid), os.environ.get("LOAD_SECONDS", "60")],
        check=True,
        capture_output=True,
        text=True,
    )
    got = json.loads(done.stdout)
    print("load  " + ", ".join(f"{name} {value:.0f}" for name, value in got.items() if name != "faults"))
    check("load: no fault", got["faults"] == [], got["faults"])
    check("load: no answer lost or mixed", got["wrong"] == 0 and got["answered"] > 500 and got["streamed"] > 100)
    check("load: malformed bodies", got["survivedMalformed"] == got["malformed"] > 20)
    check("load: clients left", got["left"] > 20)
    check("load: memory", got["rssPeak"] < 1024 and got["rssAfter"] < got["rssBefore"] + 400)
    check("load: health under 100 ms", got["healthMedianMs"] < 100, got["healthMedianMs"])


def main():
    server = subprocess.Popen(
        ["node", str(ROOT / "apps/moonlight/bin/moonlight.js"), "serve", str(MODEL), "--json",
         "--api-key-env", "INTEROP_KEY"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "INTEROP_KEY": "secret"},
    )
    try:
        url = json.loads(server.stdout.readline())["url"]
        texts = python_client(url)
        with tempfile.TemporaryDirectory() as folder:
            npm_client(url, texts, folder)
        under_load(url, server.pid)
    finally:
        server.terminate()
        code = server.wait(timeout=30)
    check("the server ends cleanly", code == 0, code)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
