import { REPO, type RepoFile } from "./hub-answers.ts";
import type { SyntheticRepo } from "./synthetic-repo.ts";

/** How the repository is served: at once, each answer 30 ms later, or at a bounded rate per connection. */
export const MODES = ["plain", "latency", "capped"] as const;
export type Mode = (typeof MODES)[number];

export const LATENCY_MS = 30;
/** Of one connection; low enough that eight of them leave the processor mostly idle. */
export const CAP_MIB_PER_S = 32;

/** Debian's module that can wait without blocking and read a request's body. */
export const ECHO_MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so";

/** One server for each mode; without the echo module no latency mode, and no client that asks by POST. */
export function nginxConfiguration(
  folder: string,
  { root, commit, files, tree }: SyntheticRepo,
  ports: Record<Mode, number>,
  echo: boolean,
): string {
  const base = `/${REPO}/resolve/${commit}/`;
  const map = (variable: string, value: (file: RepoFile) => string): string =>
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
