import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { PreflightError, UsageError } from "@moonlight-rl/core";

/** Where a cluster's job server is, and what it has to be told. */
export interface RayEndpoint {
  /** Origin and path prefix, without a slash at the end. */
  readonly url: string;
  /** Sent with every request; holds the token, never to be shown. */
  readonly headers: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The job server at an address as people write it: `http://head:8265`, `head:8265`, `https://gateway/ray`.
 *
 * @throws UsageError RAY_ADDRESS_INVALID, also for addresses of Ray's other servers (`ray://`, `auto`, `head:6379`)
 */
export function rayUrl(address: string): string {
  const invalid = (why: string): UsageError =>
    new UsageError("RAY_ADDRESS_INVALID", `${address} is not a Ray job server: ${why}.`, {
      field: "rayAddress",
      hint: "Give the address of the dashboard, such as http://head:8265.",
    });
  const text = address.trim();
  if (/^(?:auto|local)$/.test(text)) throw invalid("it has to be named");
  if (text.startsWith("ray://")) throw invalid("that is the port of Ray's client");
  let url: URL;
  try {
    url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    throw invalid("it cannot be read as an address");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid("http or https is needed");
  if (url.port === "6379") throw invalid("6379 is the port of the cluster's own traffic");
  if (url.username !== "" || url.search !== "" || url.hash !== "")
    throw invalid("it may have a host, a port and a path only");
  return url.href.replace(/\/+$/, "");
}

/**
 * Address and headers; the token is found as Ray's own tools find it: `RAY_AUTH_TOKEN`, the file that
 * `RAY_AUTH_TOKEN_PATH` names, or `~/.ray/auth_token`, which has to be there with `RAY_AUTH_MODE=token`, and which a
 * cluster without that mode asks for where it is there (Ray 2.60 authentication_token_setup.py). `RAY_JOB_HEADERS` (JSON) is added.
 */
export async function rayEndpoint(
  address: string,
  env: Environment = process.env,
): Promise<RayEndpoint> {
  const token = await authToken(env);
  return {
    url: rayUrl(address),
    headers: {
      ...extraHeaders(env["RAY_JOB_HEADERS"]),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  };
}

async function authToken(env: Environment): Promise<string | undefined> {
  const given = env["RAY_AUTH_TOKEN"]?.trim();
  if (given !== undefined && given !== "") return given;
  const mode = (env["RAY_AUTH_MODE"] ?? "").toLowerCase();
  const named = env["RAY_AUTH_TOKEN_PATH"] ?? "";
  if (named === "" && mode !== "" && mode !== "token") return undefined;
  const file = named === "" ? join(env["HOME"] ?? homedir(), ".ray", "auth_token") : named;
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    if (named === "" && mode === "" && (cause as NodeJS.ErrnoException).code === "ENOENT")
      return undefined;
    throw new PreflightError("RAY_TOKEN_MISSING", `The token file ${file} cannot be read.`, {
      file,
      cause,
      hint: "Point RAY_AUTH_TOKEN_PATH at the cluster's token file, or unset it for a cluster without tokens.",
    });
  });
  return text?.trim();
}

function extraHeaders(text: string | undefined): Record<string, string> {
  if (text === undefined || text.trim() === "") return {};
  try {
    const headers: unknown = JSON.parse(text);
    if (
      typeof headers === "object" &&
      headers !== null &&
      Object.values(headers).every((value) => typeof value === "string")
    )
      return Object.fromEntries(
        Object.entries(headers as Record<string, string>).map(([name, value]) => [
          name.toLowerCase(),
          value,
        ]),
      );
  } catch {
    // Said below, without the text: headers hold secrets.
  }
  throw new UsageError("RAY_HEADERS_INVALID", "RAY_JOB_HEADERS is not a JSON object of texts.", {
    field: "RAY_JOB_HEADERS",
  });
}
