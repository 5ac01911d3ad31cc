import { join } from "node:path";
import type { HubClient } from "@moonlight-rl/hub";
import type { FileDigest, JsonObject, StageContext } from "@moonlight-rl/pipeline";
import { countRows } from "../content/check-dataset.ts";
import { checkConfig, checkWeights } from "../content/check-model.ts";
import { progressEvents, tellResumption, tellSelection } from "./download-events.ts";
import type { Order } from "./request.ts";

/** A verified and checked folder, ready to be published. */
export interface Delivery {
  readonly folder: string;
  readonly meta: JsonObject;
  readonly digests: Readonly<Record<string, FileDigest>>;
}

/** Downloads an order into a folder of the scratch, which a rerun finds again, and checks its content. */
export async function deliver(
  client: HubClient,
  order: Order,
  context: Pick<StageContext, "scratch" | "emit" | "signal">,
): Promise<Delivery> {
  const { type, repo, commit, listing, selection, field, dataFile } = order;
  const { emit, signal } = context;
  const folder = join(context.scratch, field);
  const base = { type, repo, commit, listing, directory: folder, signal };
  const onWarning = (warning: { readonly code: string; readonly message: string }): void =>
    emit({ type: "warning", ...warning });
  tellSelection(order, emit);
  let first = 0;
  if (type === "model") {
    const allow = ["config.json"];
    const config = await client.downloadRepo({ ...base, onWarning, selection: { allow } });
    first = config.bytes.fetched;
    await checkConfig(folder);
  }
  const onProgress = progressEvents(`fetch ${repo}`, emit);
  const result = await client.downloadRepo({ ...base, onWarning, onProgress, selection });
  const { fetched, kept, reread } = result.bytes;
  // What this run fetched first is no leftover of an earlier one.
  tellResumption(
    order,
    { fetched: fetched + first, kept: kept - first, reread: reread - first },
    emit,
  );
  if (dataFile !== undefined) {
    const rows = await countRows(join(folder, dataFile), signal);
    return { folder, meta: { repo, commit, dataFile, rows }, digests: result.files };
  }
  const weights = order.files.some((file) => file.path.endsWith(".safetensors"));
  if (!weights)
    emit({
      type: "warning",
      code: "MODEL_WITHOUT_WEIGHTS",
      message: `${repo}: no safetensors are among the files fetched`,
      hint: "Widen --allow to train or evaluate this model.",
    });
  const counts = weights ? await checkWeights(folder) : { tensors: 0, bytes: 0 };
  return { folder, meta: { repo, commit, ...counts }, digests: result.files };
}
