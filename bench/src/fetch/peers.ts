import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmEnvironment, pythonEnvironment } from "@moonlight-rl/interop";
import { timedCommand } from "../measure/timed-command.ts";
import { address, cleanEnvironment, installed, type Peer } from "./contender.ts";
import { CURL_PEERS } from "./curl-peers.ts";
import { REPO } from "./hub-answers.ts";

const peersFolder = (name: string): string =>
  fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));
const HUB_JS = "@huggingface/hub@2.17.5";

export const PEERS: readonly Peer[] = [
  hf("hf download", "hf", "huggingface_hub 2.4.0 with hf_xet 1.8.0", {}),
  hf("hf download without hf_xet", "hf", "huggingface_hub 2.4.0", { HF_HUB_DISABLE_XET: "1" }),
  hf("hf download + hf_transfer", "hf-transfer", "huggingface_hub 0.36.2, hf_transfer 0.1.9", {
    HF_HUB_ENABLE_HF_TRANSFER: "1",
  }),
  {
    peer: "@huggingface/hub",
    async prepare(signal, note) {
      const folder = await npmEnvironment({
        name: "huggingface-hub",
        package: HUB_JS,
        signal,
        note,
      });
      const entry = join(folder, "node_modules/@huggingface/hub/dist/index.mjs");
      return {
        peer: "@huggingface/hub",
        settings: `${HUB_JS} snapshotDownload on Node ${process.version}; not measured where connections are capped`,
        oneConnection: true,
        download: async ({ url, folder, signal }) =>
          await timedCommand(
            process.execPath,
            [peersFolder("snapshot-download.mjs"), entry, url, REPO, join(folder, "cache")],
            { env: cleanEnvironment({ HOME: folder }), cancelSignal: signal },
          ),
      };
    },
  },
  ...CURL_PEERS,
  {
    peer: "aria2c",
    async prepare() {
      await installed("aria2c", "apt-get install aria2");
      return {
        peer: "aria2c",
        settings: "-j8 -x4 -s4 --file-allocation=none, sha-256 of every shard checked",
        download: async ({ url, repo, folder, signal }) =>
          await timedCommand(
            "aria2c",
            [
              "--quiet",
              "--no-conf",
              "-j8",
              "-x4",
              "-s4",
              "--file-allocation=none",
              "--check-integrity=true",
              `--dir=${folder}`,
              "--input-file=-",
            ],
            {
              env: cleanEnvironment({ HOME: folder }),
              cancelSignal: signal,
              input: repo.files
                .map(
                  ({ path, etag }) =>
                    `${address(url, repo, path)}\n  out=${path}\n${etag.length === 64 ? `  checksum=sha-256=${etag}\n` : ""}`,
                )
                .join(""),
            },
          ),
      };
    },
  },
];

function hf(
  peer: string,
  requirements: string,
  settings: string,
  environment: Readonly<Record<string, string>>,
): Peer {
  return {
    peer,
    async prepare(signal, note) {
      const bin = await pythonEnvironment({
        name: requirements,
        requirements: peersFolder(`${requirements}.txt`),
        signal,
        note,
      });
      return {
        peer,
        settings: `${settings}, --local-dir, 8 workers, no progress bars`,
        download: async ({ url, folder, signal }) =>
          await timedCommand(
            join(bin, "hf"),
            ["download", REPO, "--local-dir", join(folder, "model")],
            {
              env: cleanEnvironment({
                HF_ENDPOINT: url,
                HF_HOME: join(folder, "home"),
                HF_HUB_DISABLE_TELEMETRY: "1",
                HF_HUB_DISABLE_PROGRESS_BARS: "1",
                ...environment,
              }),
              cancelSignal: signal,
            },
          ),
      };
    },
  };
}
