import { parseArgs } from "node:util";
import { toMoonlightError } from "@moonlight-rl/core";
import { readEvalResult, renderSummary } from "@moonlight-rl/eval";
import { formatError } from "@moonlight-rl/pipeline";
import { evaluateEndpoints } from "./evaluate-endpoints.ts";

const { values, positionals: urls } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    "data-file": { type: "string" },
    api: { type: "string", default: "openai-chat" },
    "served-model": { type: "string" },
    tokenizer: { type: "string" },
    "api-key-env": { type: "string" },
    samples: { type: "string", default: "4" },
    "max-response-len": { type: "string", default: "1024" },
    require: { type: "string", multiple: true },
  },
});
if (urls.length === 0 || values.data === undefined) {
  console.error("npm start -- --data FOLDER [--served-model NAME] URL [URL …]");
  process.exit(2);
}

try {
  const results = await evaluateEndpoints(
    urls,
    {
      api: values.api === "sglang" ? "sglang" : "openai-chat",
      servedModel: values["served-model"],
      tokenizer: values.tokenizer,
      apiKeyEnv: values["api-key-env"],
    },
    {
      data: values.data,
      dataFile: values["data-file"],
      nSamplesPerPrompt: Number(values.samples),
      maxResponseLen: Number(values["max-response-len"]),
      require: values.require,
    },
  );
  const rows = results.map(async ({ path }, i) => ({
    title: urls[i] ?? "",
    result: await readEvalResult(path),
  }));
  console.log(renderSummary(await Promise.all(rows)));
} catch (cause) {
  // The gate has exit code 5, a server that does not answer 75: scripts can tell them apart.
  const error = toMoonlightError(cause);
  console.error(formatError(error));
  process.exitCode = error.exitCode;
}
