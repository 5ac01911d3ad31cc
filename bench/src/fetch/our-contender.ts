import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { timedCommand } from "../measure/timed-command.ts";
import { cleanEnvironment, type Contender } from "./contender.ts";
import { REPO } from "./hub-answers.ts";

const BIN = fileURLToPath(
  new URL("../../../packages/fetch/bin/moonlight-fetch.js", import.meta.url),
);

/** The command as users run it: every byte verified, the model checked, the artifact published. */
export const ourContender: Contender = {
  peer: "moonlight-fetch",
  settings: "moonlight-fetch --model …, defaults",
  download: async ({ url, folder, signal }) =>
    await timedCommand(
      process.execPath,
      [BIN, "--model", REPO, "--endpoint", url, "--workspace", join(folder, "workspace"), "--json"],
      { env: cleanEnvironment({ HF_HOME: join(folder, "home") }), cancelSignal: signal },
    ),
};
