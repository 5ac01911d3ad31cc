import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { PreflightError, throwIfAborted, VerificationError } from "@moonlight-rl/core";
import { HfCache, selectFiles, type RepoFile, type Selected } from "@moonlight-rl/hub";
import type { FileDigest, StageContext } from "@moonlight-rl/pipeline";
import { hasWeights, inspectContent } from "../content/inspect.ts";
import type { Delivery, DeliveryOptions } from "../hub/download.ts";
import { VOCABULARIES } from "../content/tokenizer.ts";
import { pickDataFile } from "../request/data-file.ts";
import type { Request } from "../request/request.ts";
import { checkFile, faultText } from "./check-file.ts";
import { LocalCopy } from "./local-copy.ts";
import { placeFile } from "./place-file.ts";
import { openSourceFolder, type SourceFolder } from "./source-folder.ts";

/** What is taken of a folder, decided as for a repository. */
export interface FolderOrder {
  readonly source: SourceFolder;
  readonly selected: Selected;
  readonly dataFile?: string | undefined;
}

/** The folder of a request: the one that it names, or, offline, its snapshot in the shared cache; undefined: ask the Hub. */
export async function folderOf(request: Request, offline: boolean): Promise<string | undefined> {
  if (request.folder !== undefined)
    return resolve(request.folder.replace(/^~(?=\/)/, () => homedir()));
  if (!offline) return undefined;
  const cache = new HfCache();
  const commit = await cache.commitOf(request, request.revision);
  const snapshot = commit === undefined ? undefined : await cache.snapshot(request, commit);
  return snapshot?.folder;
}

/**
 * Decides what to take of a folder. Errors: `SNAPSHOT_INCOMPLETE` when the folder's own notes name wanted files that are not
 * there.
 */
export async function orderFolder(request: Request, folder: string): Promise<FolderOrder> {
  const source = await openSourceFolder(folder);
  const listing: RepoFile[] = (
    source.listing ?? source.files.map(({ path, size }) => ({ path, size: size ?? 0, oid: "" }))
  ).map((file) => ({ ...file }));
  const dataFile = request.type === "dataset" ? pickDataFile(request, listing) : undefined;
  const selection =
    dataFile === undefined ? (request.selection ?? {}) : { allow: [dataFile, "LICENSE*"] };
  const selected = selectFiles(request.type, listing, selection);
  const here = new Set(
    source.files.flatMap(({ path, size }) => (size === undefined ? [] : [path])),
  );
  const missing = selected.files.flatMap(({ path }) => (here.has(path) ? [] : [path]));
  if (missing.length > 0)
    throw incomplete(
      folder,
      `${missing.length} of ${selected.files.length} files: ${missing.slice(0, 4).join(", ")}${missing.length > 4 ? ", …" : ""}`,
    );
  const unlisted = unlistedNeeds(request, source, here);
  if (unlisted.length > 0)
    throw incomplete(
      folder,
      `${unlisted.join(" and ")}, and has no list of the commit's files that would say why`,
    );
  return { source, selected, dataFile };
}

function incomplete(folder: string, what: string): PreflightError {
  return new PreflightError("SNAPSHOT_INCOMPLETE", `${folder} lacks ${what}.`, {
    file: folder,
    hint: "Fetch the rest with a network first: what is there is not fetched again.",
  });
}

/**
 * What a snapshot that stands in for the Hub lacks of what every model has. Older tools leave no list of a commit's files
 * there: then an interrupted download looks like a repository without weights.
 */
function unlistedNeeds(
  { type, folder, selection }: Request,
  { listing }: SourceFolder,
  here: ReadonlySet<string>,
): string[] {
  const silent = listing === undefined && folder === undefined;
  if (!silent || type !== "model" || selection?.allow !== undefined) return [];
  const paths = [...here];
  return [
    ...(hasWeights(paths.map((path) => ({ path }))) ? [] : ["the weights"]),
    ...(VOCABULARIES.some((name) => here.has(name)) ? [] : ["the tokenizer"]),
  ];
}

/** Takes what is wanted of a folder: each file is read and compared with what the folder says of it, and the content checked. */
export async function deliverFolder(
  request: Request,
  from: string,
  context: Pick<StageContext, "scratch" | "emit" | "signal">,
  { tokenizer, localDir }: DeliveryOptions,
): Promise<Delivery> {
  const { source, selected, dataFile } = await orderFolder(request, from);
  const local = localDir === undefined ? undefined : new LocalCopy(localDir);
  const { signal, emit } = context;
  const folder = join(context.scratch, request.field);
  const repo = request.folder === undefined ? request.repo : basename(source.folder);
  const files = new Map(source.files.map((file) => [file.path, file]));
  const digests: Record<string, FileDigest> = {};
  const total = selected.files.reduce((sum, { path }) => sum + (files.get(path)?.size ?? 0), 0);
  let done = 0;
  for (const { path } of selected.files) {
    throwIfAborted(signal);
    const file = files.get(path);
    if (file === undefined) continue;
    const onBytes = (bytes: number): void => {
      done += bytes;
      emit({ type: "progress", task: `take ${repo}`, done, total, unit: "bytes", message: path });
    };
    const checked = await checkFile(file, { signal, onBytes });
    if (checked.status !== "ok" && checked.status !== "unlisted")
      throw new VerificationError("FILE_DIGEST", `${faultText(checked, file)}.`, {
        file: file.absolute,
        hint: "The folder is damaged: fetch it again from a Hub.",
      });
    await placeFile(file.absolute, join(folder, path));
    await local?.put(file, source.commit);
    digests[path] = { sha256: checked.sha256, size: file.size ?? 0 };
  }
  await local?.finish(source);
  const content = await inspectContent(
    { folder, repo, dataFile, weights: hasWeights(selected.files) },
    context,
    tokenizer,
  );
  const commit = source.commit ?? source.meta?.["commit"];
  const meta = { repo, ...(commit === undefined ? {} : { commit }), ...content.meta };
  return { folder, meta, digests, tokenizer: content.tokenizer };
}
