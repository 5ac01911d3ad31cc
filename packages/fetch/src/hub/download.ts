import { join } from "node:path";
import type { DownloadedRepo, HubClient, LocalDir } from "@moonlight-rl/hub";
import type { FileDigest, JsonObject, StageContext } from "@moonlight-rl/pipeline";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { checkConfig, checkIndex } from "../content/check-model.ts";
import { hasWeights, inspectContent } from "../content/inspect.ts";
import { placeFile } from "../folder/place-file.ts";
import { placesOf } from "./places.ts";
import { progressEvents, tellResumption, tellSelection } from "./download-events.ts";
import type { Order } from "../request/request.ts";

/** A verified and checked folder, ready to be published. */
export interface Delivery {
  readonly folder: string;
  readonly meta: JsonObject;
  readonly digests: Readonly<Record<string, FileDigest>>;
  /** Of a model: counts the tokens of prompts. */
  readonly tokenizer?: Tokenizer | undefined;
}

export interface DeliveryOptions {
  /** Of the model that was fetched before, for the lengths of prompts. */
  readonly tokenizer?: Tokenizer | undefined;
  readonly localDir?: string | undefined;
  /** Folder of an artifact with the same files, which need not be fetched again. */
  readonly artifact?: string | undefined;
  /** When all of it has to be done, in milliseconds of `performance.now()`. */
  readonly deadline?: number | undefined;
}

/** Downloads an order into a folder of the scratch, which a rerun finds again, and checks its content. */
export async function deliver(
  client: HubClient,
  order: Order,
  context: Pick<StageContext, "scratch" | "emit" | "signal">,
  options: DeliveryOptions = {},
): Promise<Delivery> {
  const { type, repo, commit, listing, selection, field, dataFile } = order;
  const { emit, signal } = context;
  const folder = join(context.scratch, field);
  const { tokenizer, deadline } = options;
  const { local, ...places } = placesOf(order, { ...options, scratch: context.scratch });
  await local?.prepare(order.files);
  const base = () => ({
    type,
    repo,
    commit,
    listing,
    signal,
    ...places,
    directory: local?.folder ?? folder,
    ...(deadline && { totalMs: Math.max(1, Math.ceil(deadline - performance.now())) }),
  });
  const onWarning = (warning: { readonly code: string; readonly message: string }): void =>
    emit({ type: "warning", ...warning });
  tellSelection(order, emit);
  let first = 0;
  if (type === "model") {
    // Small files that can refuse the model come before its gigabytes.
    const allow = ["config.json", "model.safetensors.index.json"];
    const small = await client.downloadRepo({ ...base(), onWarning, selection: { allow } });
    first = small.bytes.fetched;
    if (local !== undefined) await settle(local, folder, order, small);
    await checkIndex(folder, await checkConfig(folder));
  }
  const onProgress = progressEvents(`fetch ${repo}`, emit);
  const result = await client.downloadRepo({ ...base(), onWarning, onProgress, selection });
  const { fetched, kept, reread } = result.bytes;
  // What this run fetched first is no leftover of an earlier one.
  tellResumption(
    order,
    { fetched: fetched + first, kept: kept - first, reread: reread - first },
    emit,
  );
  if (local !== undefined) await settle(local, folder, order, result);
  const content = await inspectContent(
    { folder, repo, dataFile, weights: hasWeights(order.files) },
    context,
    tokenizer,
  );
  const meta = { repo, commit, ...content.meta };
  return { folder, meta, digests: result.files, tokenizer: content.tokenizer };
}

/** Notes beside the files of a local folder what they are, and puts them where the artifact is made. */
async function settle(
  local: LocalDir,
  folder: string,
  { commit, listing }: Order,
  { files }: DownloadedRepo,
): Promise<void> {
  const listed = new Map(listing.map((file) => [file.path, file]));
  for (const path of Object.keys(files)) {
    const file = listed.get(path);
    if (file !== undefined) await local.writeNote(file, commit);
    await placeFile(join(local.folder, path), join(folder, path));
  }
  await local.writeListing(commit, listing);
}
