import { access, mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { REPO } from "./hub-answers.ts";
import { ECHO_MODULE, MODES, nginxConfiguration, type Mode } from "./nginx-configuration.ts";
import type { SyntheticRepo } from "./synthetic-repo.ts";

/** nginx lives where users' PATH often does not look. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;

export interface Nginx {
  readonly version: string;
  /** HF_ENDPOINT of each mode that can be served here. */
  readonly urls: Readonly<Partial<Record<Mode, string>>>;
  stop(): Promise<void>;
}

/** Serves the repository by one nginx on loopback, with a configuration and a prefix of its own in `folder`. */
export async function startNginx(folder: string, repo: SyntheticRepo): Promise<Nginx> {
  const version = await execa("nginx", ["-v"], { env: { PATH }, reject: false });
  if (version.exitCode !== 0)
    throw new Error("nginx is not installed: apt-get install nginx-light");
  const echo = await access(ECHO_MODULE).then(
    () => true,
    () => false,
  );
  const ports: Record<Mode, number> = {
    plain: await freePort(),
    latency: await freePort(),
    capped: await freePort(),
  };
  await mkdir(folder, { recursive: true });
  const file = join(folder, "nginx.conf");
  await writeFile(file, nginxConfiguration(folder, repo, ports, echo));
  const server = execa("nginx", ["-p", folder, "-c", file, "-e", "stderr"], {
    env: { PATH },
    stdin: "ignore",
    reject: false,
  });
  let ended = false;
  void server.finally(() => (ended = true));
  const stop = async (): Promise<void> => {
    server.kill("SIGTERM");
    await server;
  };
  const urls: Partial<Record<Mode, string>> = {};
  for (const mode of MODES)
    if (mode !== "latency" || echo) urls[mode] = `http://127.0.0.1:${ports[mode]}`;
  for (let wait = 0; ; wait++) {
    const up = await fetch(`${urls.plain}/api/models/${REPO}`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return { version: version.stderr.trim(), urls, stop };
    if (ended || wait > 100) {
      await stop();
      throw new Error(`nginx does not answer: ${(await server).stderr.slice(-1000)}`);
    }
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
