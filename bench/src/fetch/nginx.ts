import { access, mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { REPO, type SyntheticRepo } from "./synthetic-repo.ts";

/** How the repository is served: at once, each answer 30 ms later, or at a bounded rate per connection. */
export const MODES = ["plain", "latency", "capped"] as const;
export type Mode = (typeof MODES)[number];

export const LATENCY_MS = 30;
/** Of one connection; low enough that eight of them leave the processor mostly idle. */
export const CAP_MIB_PER_S = 32;

/** Debian's module that can wait without blocking; without it there is no latency mode. */
const ECHO_MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so";
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
  await writeFile(file, configuration(folder, repo, ports, echo));
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

function configuration(
  folder: string,
  { root, commit, files, tree }: SyntheticRepo,
  ports: Record<Mode, number>,
  echo: boolean,
): string {
  const base = `/${REPO}/resolve/${commit}/`;
  const map = (variable: string, value: (file: SyntheticRepo["files"][number]) => string): string =>
    `map $uri $${variable} {\n${files.map((file) => `    "${base}${file.path}" ${value(file)};`).join("\n")}\n  }`;
  const addresses = `
    rewrite ^/api/models/${REPO}(?:/revision/[^/]+)?$ /api/info.json last;
    rewrite ^/api/models/${REPO}/tree/[^/]+$ /api/tree.json last;
    rewrite ^/${REPO}/resolve/main/(.*)$ ${base}$1 last;`;
  const served = `
      root "${root}";
      add_header ETag $hub_etag;
      add_header X-Repo-Commit $hub_commit;
      add_header X-Linked-ETag $hub_etag;
      add_header X-Linked-Size $hub_size;`;
  const direct = `${addresses}
    location / {${served}
    }`;
  // @huggingface/hub asks for one path at a time, by POST; which one stands in the body.
  const pathsInfo = (waitMs: number): string => `
    location /api/models/${REPO}/paths-info/ {
      default_type application/json;
      echo_sleep ${waitMs / 1000};
      echo_read_request_body;
      echo $hub_entry;
    }`;
  const entries = `map $request_body $hub_entry {\n${tree.map((entry) => `    '~"${entry.path.replaceAll(".", "[.]")}"' '${JSON.stringify([entry])}';`).join("\n")}\n  }`;
  return `daemon off;
worker_processes 2;
${process.getuid?.() === 0 ? "user root;" : ""}
pid "${folder}/nginx.pid";
${echo ? `load_module ${ECHO_MODULE};` : ""}
events { worker_connections 1024; }
http {
  access_log off;
  error_log stderr warn;
  client_body_temp_path "${folder}/body";
  proxy_temp_path "${folder}/proxy";
  fastcgi_temp_path "${folder}/fastcgi";
  uwsgi_temp_path "${folder}/uwsgi";
  scgi_temp_path "${folder}/scgi";
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  default_type application/octet-stream;
  types { application/json json; }
  map_hash_bucket_size 512;
  etag off;
  ${map("hub_etag", ({ etag }) => `'"${etag}"'`)}
  ${map("hub_size", ({ size }) => String(size))}
  ${map("hub_commit", () => commit)}
  ${entries}
  server {
    listen 127.0.0.1:${ports.plain};${direct}${echo ? pathsInfo(0) : ""}
  }
  server {
    listen 127.0.0.1:${ports.capped};
    limit_rate ${CAP_MIB_PER_S}m;${direct}${echo ? pathsInfo(0) : ""}
  }
  ${
    echo
      ? `server {
    listen 127.0.0.1:${ports.latency};${addresses}
    location / {
      echo_sleep ${LATENCY_MS / 1000};
      echo_exec @file;
    }
    location @file {${served}
    }${pathsInfo(LATENCY_MS)}
  }`
      : ""
  }
}
`;
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
