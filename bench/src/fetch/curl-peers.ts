import { availableParallelism } from "node:os";
import { join } from "node:path";
import { timedCommand, type Timed } from "../measure/timed-command.ts";
import { address, cleanEnvironment, installed, type Attempt, type Peer } from "./contender.ts";

const CORES = availableParallelism();

/** What one writes by hand: curl, and sha256sum for whoever wants to know. */
export const CURL_PEERS: readonly Peer[] = [
  curl("curl", "one curl for each file, all at once; nothing verified"),
  curl("curl + sha256sum", "as curl, then one sha256sum over all files", ["sha256sum"]),
  curl("curl + parallel sha256sum", `as curl, then xargs -P${CORES} -n1 sha256sum`, [
    "xargs",
    `-P${CORES}`,
    "-n1",
    "sha256sum",
  ]),
];

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
