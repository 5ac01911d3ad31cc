import { PreflightError, UsageError } from "@moonlight-rl/core";
import {
  selectFiles,
  type HubClient,
  type RepoFile,
  type RepoRef,
  type Selection,
} from "@moonlight-rl/hub";
import type { FetchInput } from "../input.ts";
import { asFolder } from "./as-folder.ts";
import { pickDataFile } from "./data-file.ts";
import { RESERVED } from "./left-out.ts";

/** One repository that is wanted. */
export interface Request extends RepoRef {
  /** Field of the stage's input and output. */
  readonly field: "model" | "promptData" | "evalData";
  readonly revision: string;
  /** Name of a dataset's data file, if the caller gave one. */
  readonly dataFile?: string | undefined;
  /** Of a model. */
  readonly selection?: Selection;
  /** A folder of this machine instead of a repository. */
  readonly folder?: string | undefined;
}

/** A request with what the Hub says about it: everything is known before the first byte is fetched. */
export interface Order extends Request {
  readonly commit: string;
  readonly listing: readonly RepoFile[];
  readonly selection: Selection;
  readonly files: readonly RepoFile[];
  readonly leftOut: readonly RepoFile[];
}

/** What an input asks for, model first. Errors: `FETCH_NOTHING`. */
export function requestsOf(input: FetchInput): Request[] {
  const requests: Request[] = [];
  if (input.model !== undefined) {
    const ignore = [...input.ignore, ...RESERVED];
    requests.push({
      field: "model",
      type: "model",
      repo: input.model,
      folder: asFolder(input.model),
      revision: input.revision,
      selection: input.allow === undefined ? { ignore } : { allow: input.allow, ignore },
    });
  }
  const dataset = (
    field: "promptData" | "evalData",
    revision: string,
    dataFile: string | undefined,
  ): void => {
    const repo = input[field];
    if (repo !== undefined)
      requests.push({ field, type: "dataset", repo, folder: asFolder(repo), revision, dataFile });
  };
  dataset("promptData", input.promptRevision, input.promptFile);
  dataset("evalData", input.evalRevision, input.evalFile);
  if (requests.length > 1 && input.localDir !== undefined)
    throw new UsageError("FETCH_LOCAL_DIR", "A local folder holds one repository.", {
      field: "localDir",
      hint: "Fetch the repositories one by one, each with its own --local-dir.",
    });
  if (input.localDir !== undefined && requests.some(({ folder }) => folder !== undefined))
    throw new UsageError("FETCH_LOCAL_DIR", "A local folder is filled from a repository.", {
      field: "localDir",
      hint: "Name the repository (org/name) instead of a folder, or copy the folder.",
    });
  if (requests.length > 0) return requests;
  throw new UsageError("FETCH_NOTHING", "There is nothing to fetch.", {
    field: "model",
    hint: "Name a model, prompt data or evaluation data: --model moonshotai/Moonlight-16B-A3B.",
  });
}

/** Asks the Hub for commit and files of a request and decides what to take. */
export async function placeOrder(
  client: HubClient,
  request: Request,
  signal: AbortSignal,
): Promise<Order> {
  const { type, repo } = request;
  const { commit } = await client.resolveRevision({ ...request, signal });
  const listing: RepoFile[] = [];
  for await (const file of client.listFiles({ type, repo, commit, signal })) listing.push(file);
  return orderOf(request, commit, listing);
}

/** Decides what to take of a listing. */
export function orderOf(request: Request, commit: string, listing: readonly RepoFile[]): Order {
  const { type, repo } = request;
  if (type === "model") {
    const selection = request.selection ?? {};
    const selected = selectFiles(type, listing, selection);
    if (!selected.files.some((file) => file.path === "config.json"))
      throw new PreflightError(
        "MODEL_CONFIG_MISSING",
        `The files wanted of model ${repo} have no config.json.`,
        { field: "model", hint: "Name a model in Hugging Face's form, and allow config.json." },
      );
    return { ...request, commit, listing, selection, ...selected };
  }
  const dataFile = pickDataFile(request, listing);
  const selection = { allow: [literal(dataFile), "LICENSE*"] };
  const selected = selectFiles(type, listing, selection);
  return { ...request, commit, dataFile, listing, selection, ...selected };
}

/** A pattern that matches this name only. */
function literal(name: string): string {
  return name.replaceAll(/[*?[]/g, "[$&]");
}
