// Selects packages/reward/golden/grader-pairs.golden.jsonl.gz from the outcomes of the reference's graders.
//   node tools/interop/reward/select-golden.mjs GRADER-PAIRS.jsonl.gz
// Keeps every pair; of each only what the test reads.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync, constants } from "node:zlib";

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error("usage: select-golden.mjs GRADER-PAIRS.jsonl.gz");
const target = fileURLToPath(
  new URL("../../../packages/reward/golden/grader-pairs.golden.jsonl.gz", import.meta.url),
);

const outcome = (value) => (typeof value === "object" ? "error" : value);

const strange = ({ dapo }) => dapo.error === undefined && dapo.acc !== (dapo.score === 1);

const pairs = gunzipSync(readFileSync(source))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line))
  // A response that is null cannot be expressed by our graders' signature.
  .filter((pair) => typeof pair.response === "string")
  .map((pair) => {
    if (strange(pair))
      throw new Error(`pair ${pair.id}: dapo's acc and score contradict each other`);
    // JavaScript does not tell 5.0 from 5: such labels travel as the text that the reference makes of them.
    const label = pair.label_type === "float" && pair.label !== 0 ? pair.label_str : pair.label;
    return {
      id: pair.id,
      response: pair.response,
      label,
      math: outcome(pair.math),
      dapo: pair.dapo.error === undefined ? pair.dapo.score : "error",
      // Absent where it raises; `acc` is whether the score is 1 (checked here).
      dapoPred: pair.dapo.pred,
      deepscaler: outcome(pair.deepscaler),
      gemma: outcome(pair.gemma),
    };
  });

const text = pairs.map((pair) => JSON.stringify(pair) + "\n").join("");
const packed = gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
writeFileSync(target, packed);
console.log(`${pairs.length} pairs, ${packed.length} bytes`);
