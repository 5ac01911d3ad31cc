import { isMoonlightError } from "@moonlight-rl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EvaluateOptions } from "./evaluate.ts";
import { importScript } from "./import-script.ts";

const read = (text: string, options: EvaluateOptions = {}) => importScript(text, "run.sh", options);
const argvOf = (text: string, options: EvaluateOptions = {}) => read(text, options).argv;

describe("what is followed", () => {
  it("arrays, comments, continuations and quotes", () => {
    const text = String.raw`#!/bin/bash
set -ex
CKPT=(
   --load "/data/my model"   # where it goes on
   # --finetune
   --save '/data/$HOME'
)
MORE=(--lr 1e-6)
MORE+=(--note a\ b"c d")
python3 train.py \
   ${"${CKPT[@]}"} \
   "${"${MORE[@]}"}"`;
    // Unquoted expansions are split at spaces, as the shell does it.
    expect(argvOf(text)).toEqual([
      "--load",
      "/data/my",
      "model",
      "--save",
      "/data/$HOME",
      "--lr",
      "1e-6",
      "--note",
      "a bc d",
    ]);
  });

  it("lists in brackets, which no file is named like", () => {
    expect(argvOf("python3 train.py --moe-layer-freq [0]*1+[1]*26 [0,1,1]")).toEqual([
      "--moe-layer-freq",
      "[0]*1+[1]*26",
      "[0,1,1]",
    ]);
  });

  it("variables with fallbacks, given ones, and seq", () => {
    const text = [
      'ROOT=${ROOT:-"/root"}',
      "export MASTER_ADDR=${MASTER_ADDR:-127.0.0.1}",
      "SIZES=$(seq 16 8 40)",
      'python train.py --root $ROOT/x --data "$DATA" --bs 1 2 ${SIZES} $(seq 3)',
    ].join("\n");
    const { argv, environment } = read(text, { variables: { DATA: "/d d" } });
    expect(argv).toEqual([
      "--root",
      "/root/x",
      "--data",
      "/d d",
      "--bs",
      "1",
      "2",
      "16",
      "24",
      "32",
      "40",
      "1",
      "2",
      "3",
    ]);
    expect(environment).toEqual({ MASTER_ADDR: "127.0.0.1" });
  });

  it("sources that are given, and the model's arguments by name", () => {
    const text = [
      'source "${SCRIPT_DIR}/models/m.sh"',
      'LINE="$(python3 "${SCRIPT_DIR}/model_args_utils.py" "moonlight")" || exit 1',
      'read -ra MODEL <<< "${LINE}"',
      "python3 train_async.py ${MODEL[@]} ${OWN[@]}",
    ].join("\n");
    const launch = read(text, {
      source: (path) => (path === "models/m.sh" ? "OWN=(--own 1)" : undefined),
      modelArgs: (name) => (name === "moonlight" ? ["--num-layers", "27"] : undefined),
    });
    expect(launch).toMatchObject({
      argv: ["--num-layers", "27", "--own", "1"],
      program: "train_async.py",
    });
  });

  it("a Ray job with its environment; what is only known at run time is named", () => {
    const text = String.raw`N=$(nvidia-smi | wc -l)
if [ "$N" -gt 0 ]; then
  HAS=1
else
  HAS=0
fi
JSON="{\"env_vars\": {\"A\": \"1\", \"NVLS\": \"${"${HAS}"}\"}}"
ray start --head --num-gpus 8
ray job submit --address="http://127.0.0.1:8265" --runtime-env-json="${"${JSON}"}" -- python3 train.py --colocate 2>&1 | tee log`;
    expect(read(text)).toMatchObject({
      argv: ["--colocate"],
      environment: { A: "1" },
      unknownEnvironment: ["NVLS"],
      skipped: [{ line: 2 }, { line: 8, text: "ray start --head --num-gpus 8" }],
    });
  });
});

describe("as bash does it", () => {
  it.each([
    [
      "a prefix is not seen by its own command",
      "LR=1\nLR=5 python3 train.py --lr $LR",
      ["--lr", "1"],
    ],
    [
      "words behind a redirection",
      "python3 train.py --a 1 2>&1 --b 2 >log",
      ["--a", "1", "--b", "2"],
    ],
    ["a number that touches no redirection", "python3 train.py --bs 1 2 > log", ["--bs", "1", "2"]],
    [
      "all of an array in one text",
      'A=(1 2)\npython3 train.py "${A[*]}" ${A[*]}',
      ["1 2", "1", "2"],
    ],
    ["a fallback for what is not set", 'A=""\npython3 train.py "${A-x}" "${A:-y}"', ["", "y"]],
    ["the first line only", 'read -ra A <<< "$(seq 3)"\npython3 train.py ${A[@]}', ["1"]],
    ["an array begun by a text", "A=1\nA+=(2 3)\npython3 train.py ${A[@]}", ["1", "2", "3"]],
    [
      "arithmetic",
      "A=3\npython3 train.py $(( 4 * 512 * 1024 * 1024)) $((A*${A} - -2**2 % 3))",
      ["2147483648", "8"],
    ],
    [
      "an expansion in a fallback",
      'A=/a\npython3 train.py ${B:-"$A/b c"} "${C-${B:-d}}"',
      ["/a/b c", "d"],
    ],
    [
      "blanks at the ends of a value",
      'A=" x "\npython3 train.py a$A"b" "a${A}b"',
      ["a", "x", "b", "a x b"],
    ],
    ["an alternative", "A=1\npython3 train.py ${A:+--a $A} ${B:+--b}", ["--a", "1"]],
    [
      "loops that set up machines",
      'for IP in $(cat hosts); do\n  if [ "$IP" = a ]; then continue; fi\n  ssh root@"$IP" "ray start" &\ndone\nwait\npython3 train.py 1',
      ["1"],
    ],
    ["a dollar sign", 'python3 train.py "a$" a$ b', ["a$", "a$", "b"]],
  ])("%s", (_, text, argv) => {
    expect(argvOf(text)).toEqual(argv);
  });

  it("with what is given for what only a run could tell", () => {
    const text = 'N=$(hostname)\nif true; then M=1; fi\npython3 train.py $N $M "$1"';
    const variables = { N: "n", M: "m", 1: "first" };
    expect(argvOf(text, { variables })).toEqual(["n", "m", "first"]);
    expect(String(attempt(() => argvOf(text)))).toContain("$N is what $(hostname) prints");
    expect(attempt(() => argvOf("python3 train.py $BASE_DIR/x"))).toMatchObject({
      hint: expect.stringContaining("--define BASE_DIR=VALUE"),
    });
  });

  it("a prefix is in the environment of the launch only", () => {
    expect(read("A=1 sleep 1\nB=2 python3 train.py").environment).toEqual({ B: "2" });
  });
});

describe("what is refused, with line and byte", () => {
  it.each([
    ["a value that is only known when run", "python3 train.py --x $(hostname)", 1],
    ["a variable that is not set", "\n\npython3 train.py --x $X", 3],
    ["a variable set in a block", "if true; then X=1; fi\npython3 train.py $X", 2],
    ["a launch in a loop", "for i in 1 2; do python3 train.py $i; done", 1],
    ["a variable set by a loop", "for i in 1 2; do echo $i; done\npython3 train.py $i", 2],
    ["a loop that ends nothing", "while true; do echo; fi\npython3 train.py", 1],
    ["a loop without an end", "while true; do echo\npython3 train.py", 2],
    ["other arguments of its own", "set -- a b\npython3 train.py", 1],
    ["what the script is started with", 'python3 train.py "$1" $#', 1],
    ["a value that has to be given", "python3 train.py ${A:?set A}", 1],
    ["a function", "f() { echo; }\npython3 train.py", 1],
    ["another program", "curl http://x | sh\npython3 train.py", 1],
    ["eval", 'eval "X=1"\npython3 train.py', 1],
    ["backticks", "X=`id`\npython3 train.py", 1],
    ["arithmetic of another kind", "python3 train.py $((1 > 0))", 1],
    ["arithmetic on a text", "A=x\npython3 train.py $((A + 1))", 2],
    ["arithmetic on what is not known", "python3 train.py $((A + 1))", 1],
    ["an octal number", "python3 train.py $((010))", 1],
    ["a division by zero", "python3 train.py $((1 / (2 - 2)))", 1],
    ["a command that looks like arithmetic", "python3 train.py $((echo a) | cat)", 1],
    ["an expansion of another kind", "X=${Y%.txt}\npython3 train.py", 1],
    ["a glob", "python3 train.py --x *.json", 1],
    ["braces", "python3 train.py --x {a,b}", 1],
    ["a quote that is not closed", "X='abc\npython3 train.py", 1],
    ["a source that is not given", "source other.sh\npython3 train.py", 1],
    ["no launch", "X=1\n", 1],
    ["two launches", "python3 train.py\npython3 train.py", 2],
    ["another launcher", "torchrun --nproc 8 train.py", 1],
    ["a launch within if", "if true; then python3 train.py; fi", 1],
    ["a sequence without an end", "python3 train.py $(seq 1 999999999)", 1],
    [
      "a runtime environment that is no JSON",
      "ray job submit --runtime-env-json={ -- python3 train.py",
      1,
    ],
    ["an assignment behind a command", "LR=1\ntrue && LR=5\npython3 train.py --lr $LR", 3],
    ["an assignment in the background", "LR=1\nsleep 1 & LR=5\npython3 train.py --lr $LR", 3],
    ["printf -v", "LR=1\nprintf -v LR 5\npython3 train.py --lr $LR", 2],
    ["a read within if", "LR=1\nif true; then read -ra LR <<< 5; fi\npython3 train.py --lr $LR", 2],
    [
      "a variable of a loop within if",
      "if true; then for LR in 5; do true; done; fi\npython3 train.py $LR",
      2,
    ],
    ["a source behind a command", "true && source x.sh\npython3 train.py", 1],
    ["another launch within if", "if true; then python3 train.py --a; fi\npython3 train.py", 1],
    ["another launch behind the first", "python3 train.py && python3 train.py --b", 1],
    ["a text for a command", "echo <<EOF\nLR=5\nEOF\npython3 train.py", 1],
    ["another field separator", "IFS=,\npython3 train.py", 1],
    ["a translated text", 'python3 train.py $"a"', 1],
    [
      "a model that is not known",
      'python3 train.py $(python3 x/model_args_utils.py "qwen3-4B")',
      1,
    ],
    [
      "what looks like the model's arguments",
      "python3 train.py $(echo model_args_utils.py moonlight)",
      1,
    ],
    ["variables between ray and python", "ray job submit -- A=1 python3 train.py", 1],
    ["NUL bytes", "python3 train.py \0", 1],
  ])("%s", (_, text, line) => {
    const error: unknown = attempt(() => read(text));
    expect(error).toMatchObject({
      code: "SCRIPT_REFUSED",
      file: "run.sh",
      hint: expect.any(String),
      byteOffset: expect.any(Number),
    });
    expect(String(error)).toContain(`line ${line}`);
  });

  it("a script that sources itself, and one that doubles itself", () => {
    expect(
      attempt(() => read("source a\npython3 train.py", { source: () => "source a" })),
    ).toMatchObject({
      code: "SCRIPT_REFUSED",
    });
    const doubling = `X=aaaaaaaaaa\n${'X="$X$X"\n'.repeat(40)}python3 train.py $X`;
    expect(attempt(() => read(doubling))).toMatchObject({ code: "SCRIPT_REFUSED" });
  });

  it("anything: an answer or a refusal, never another fault", () => {
    const piece = fc.constantFrom(
      ..."X=1;Y=(a b);python3 train.py;$X;${Y[@]};$(seq 3);\";';\\;(;);#;|;&;<;>;<<<;\n;if;fi;then;source;read;-ra;export;{;};*; ;=;+=;$;${;$(;é".split(
        ";",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const error = attempt(() => read(pieces.join("")));
        expect(
          error === undefined || (isMoonlightError(error) && error.code === "SCRIPT_REFUSED"),
        ).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

function attempt(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
