import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmEnvironment, pythonEnvironment } from "@moonlight-rl/interop";
import { execa } from "execa";
import { timedCommand, type Timed } from "../measure/timed-command.ts";
import { cleanEnvironment, type Attempt, type Contender } from "./contender.ts";
import { REPO } from "./synthetic-repo.ts";

const peersFolder = (name: string): string =>
  fileURLToPath(new URL(`../../peers/${name}`, import.meta.url));
const CORES = availableParallelism();
const HUB_JS = "@huggingface/hub@2.17.5";

/** A peer, and how it is made ready; `prepare` throws when it cannot be had here. */
export interface Peer {
  readonly peer: string;
  prepare(signal: AbortSignal, note: (text: string) => void): Promise<Contender>;
}

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
        settings: `${HUB_JS} snapshotDownload on Node ${process.version}`,
        download: async ({ url, folder, signal }) =>
          await timedCommand(
            process.execPath,
            [peersFolder("snapshot-download.mjs"), entry, url, REPO, join(folder, "cache")],
            { env: cleanEnvironment({ HOME: folder }), cancelSignal: signal },
          ),
      };
    },
  },
  curl("curl", "one curl for each file, all at once; nothing verified"),
  curl("curl + sha256sum", "as curl, then one sha256sum over all files", ["sha256sum"]),
  curl("curl + parallel sha256sum", `as curl, then xargs -P${CORES} -n1 sha256sum`, [
    "xargs",
    `-P${CORES}`,
    "-n1",
    "sha256sum",
  ]),
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

function curl(peer: string, settings: string, verify?: readonly string[]): Peer {
  return {
    peer,
    async prepare() {
      const version = await installed("curl", "apt-get install curl");
      return {
        peer,
        settings: `${version.split(" ", 2).join(" ")}: ${settings}`,
        async download(attempt) {
          const got = await curlAll(attempt);
          if (verify === undefined) return got;
          const [file = "", ...args] = verify;
          const paths = attempt.repo.files.map(({ path }) => join(attempt.folder, path));
          const checked =
            file === "xargs"
              ? await timedCommand(file, args, {
                  input: paths.join("\n"),
                  cancelSignal: attempt.signal,
                })
              : await timedCommand(file, [...args, ...paths], { cancelSignal: attempt.signal });
          const wrong = attempt.repo.files.filter(
            ({ etag }) => etag.length === 64 && !checked.stdout.includes(etag),
          );
          if (wrong.length > 0) throw new Error(`${peer}: wrong bytes in ${wrong[0]?.path ?? ""}`);
          return {
            seconds: got.seconds + checked.seconds,
            peakRss: Math.max(got.peakRss, checked.peakRss),
          };
        },
      };
    },
  };
}

async function curlAll({
  url,
  repo,
  folder,
  signal,
}: Attempt): Promise<Pick<Timed, "seconds" | "peakRss">> {
  const start = performance.now();
  const all = await Promise.all(
    repo.files.map(({ path }) =>
      timedCommand(
        "curl",
        [
          "-q",
          "--fail",
          "--silent",
          "--show-error",
          "-o",
          join(folder, path),
          address(url, repo, path),
        ],
        { env: cleanEnvironment({}), cancelSignal: signal },
      ),
    ),
  );
  return {
    seconds: (performance.now() - start) / 1000,
    peakRss: all.reduce((sum, { peakRss }) => sum + peakRss, 0),
  };
}

function address(url: string, { commit }: { readonly commit: string }, path: string): string {
  return `${url}/${REPO}/resolve/${commit}/${path}`;
}

async function installed(command: string, hint: string): Promise<string> {
  const { exitCode, stdout } = await execa(command, ["--version"], { reject: false });
  if (exitCode !== 0) throw new Error(`${command} is not installed: ${hint}`);
  return stdout.split("\n", 1)[0] ?? "";
}
