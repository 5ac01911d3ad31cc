import { formatBytes, formatTable, VerificationError } from "@moonlight-rl/core";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { verifyOutput } from "./verify-output.ts";

/** `moonlight fetch verify PATH`: whether a folder still holds what it should. */
export const verifyCommand = defineSubcommand({
  name: "verify",
  title: "Read a fetched folder again: sizes, digests, and the checks of its content.",
  examples: [
    "./Moonlight-16B-A3B",
    "~/.cache/huggingface/hub/models--moonshotai--Moonlight-16B-A3B --json",
  ],
  input: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe(
        "artifact, folder of --local-dir, snapshot of the Hugging Face cache, or any folder",
      ),
  }),
  positionals: ["path"],
  output: verifyOutput,
  run: async ({ path }, context) =>
    (await import("./verify-folder.ts")).verifyFolder(path, context),
  present: ({ layout, folder, files, content, faults }) =>
    [
      formatTable(
        [
          { title: "file" },
          { title: "size", align: "right" },
          { title: "compared by" },
          { title: "status" },
        ],
        files.map(({ path, bytes, status, by }) => [
          path,
          bytes === null ? "–" : formatBytes(bytes),
          by === "nothing" ? "–" : by,
          status,
        ]),
      ),
      "",
      `${folder} (${layout}): ${content}`,
      ...faults.map(({ code, message }) => `${code}: ${message}`),
    ].join("\n"),
  verdict: ({ folder, faults }) => {
    const [first] = faults;
    if (first === undefined) return undefined;
    const more = faults.length === 1 ? "" : ` (and ${faults.length - 1} more)`;
    return new VerificationError(first.code, `${first.message}${more}.`, {
      file: folder,
      hint: "Fetch it again: what is right is kept, and only the rest comes over the network.",
    });
  },
});
