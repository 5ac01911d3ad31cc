import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendRefs, sendRepoInfo, sendTree } from "./api-route.ts";
import { sendError } from "./reply.ts";
import { sendFile } from "./resolve-route.ts";
import { parseRoute } from "./route.ts";
import { ServedRoot } from "./served-repo.ts";

export type HubHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Answers Hub requests from a folder. The handler never rejects: a fault ends the response. */
export async function hubHandler(options: {
  readonly root: string;
  readonly token?: string | undefined;
}): Promise<HubHandler> {
  const root = await ServedRoot.open(options.root);
  return async (request, response) => {
    try {
      if (!allowed(request, options.token)) {
        response.setHeader("www-authenticate", "Bearer");
        sendError(response, 401, "Invalid username or password.");
        return;
      }
      await answer(root, request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else sendError(response, 500, `Internal error: ${(error as Error).message}`);
    }
  };
}

async function answer(
  root: ServedRoot,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    sendError(response, 405, "This hub is read-only.");
    return;
  }
  // The URL class would fold "..", so the raw path is what gets routed.
  const [pathname = "/"] = (request.url ?? "/").split("?", 1);
  const route = parseRoute(pathname);
  if (route === undefined) {
    sendError(response, 404, "Not Found");
    return;
  }
  const repo =
    route.kind === "resolve"
      ? await root.repoFor(route, route.revision, route.rest)
      : await root.repo(route);
  if (repo === undefined) {
    sendError(response, 404, "Repository not found", "RepoNotFound");
    return;
  }
  if (!["main", "refs/heads/main", repo.commit].includes(route.revision)) {
    sendError(response, 404, `Invalid rev id: ${safe(route.revision)}`, "RevisionNotFound");
    return;
  }
  const address = new URL(`http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`);
  if (route.kind === "resolve") await sendFile(request, response, repo, route.rest);
  else if (route.kind === "tree") sendTree(response, repo, route.rest, address);
  else if (route.kind === "refs") sendRefs(response, repo);
  else sendRepoInfo(response, repo, address.searchParams.get("blobs") === "true");
}

/** Header values must be printable ASCII. */
function safe(text: string): string {
  return text.replaceAll(/[^\u0020-\u007E]/g, "?").slice(0, 200);
}

function allowed(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return true;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${token}`));
}
