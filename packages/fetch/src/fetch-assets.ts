import { formatBytes } from "@moonlight-rl/core";
import { bytesHere, type HubClient } from "@moonlight-rl/hub";
import type { Artifact, PlanAction, PlanContext, StageContext } from "@moonlight-rl/pipeline";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { deliverFolder, folderOf, orderFolder } from "./folder/deliver-folder.ts";
import { deliver, type Delivery, type DeliveryOptions } from "./hub/download.ts";
import { count, leftOutTexts } from "./hub/download-events.ts";
import { isOffline, withHub } from "./hub/hub-access.ts";
import { placesOf } from "./hub/places.ts";
import { Published } from "./hub/published.ts";
import { fetchOutput, type Assets, type FetchInput } from "./input.ts";
import { orderOf, placeOrder, requestsOf, type Order, type Request } from "./request/request.ts";

/** What `fetchAll` would do. */
export async function planDownloads(
  input: FetchInput,
  context: PlanContext,
): Promise<PlanAction[]> {
  return await withHub(input, context, (client) =>
    Promise.all(
      requestsOf(input).map(async (request) => {
        const folder = await folderOf(request, isOffline(input));
        if (folder !== undefined) return await planFolder(request, folder);
        const order = await placeOrder(client, request, context.signal);
        return await planDownload(order, input, context);
      }),
    ),
  );
}

async function planDownload(
  order: Order,
  { localDir, rate }: FetchInput,
  { scratch }: PlanContext,
): Promise<PlanAction> {
  const places = placesOf(order, { scratch, localDir });
  let here = 0;
  for (const file of order.files) here += await bytesHere(file, places);
  const total = order.files.reduce((sum, file) => sum + file.size, 0);
  const bytes = total - here;
  return {
    title: `download ${order.type} ${order.repo}: ${count(order.files)}`,
    detail: [
      `commit ${order.commit.slice(0, 12)}`,
      ...(here > 0 ? [`here already: ${formatBytes(here)}, of which every byte is verified`] : []),
      ...leftOutTexts(order).map((text) => `left out, ${text}`),
    ].join("\n"),
    data: { commit: order.commit, files: order.files.length, total, here },
    bytes,
    diskBytes: total,
    ...(rate === undefined ? {} : { seconds: bytes / (rate * 1e6) }),
  };
}

/** Brings what is asked for; everything is verified before anything is published. */
export async function fetchAll(input: FetchInput, context: StageContext): Promise<Partial<Assets>> {
  return await withHub(input, context, async (client) => {
    const published = await Published.open(context.scratch);
    const cached = fetchOutput.safeParse(context.cached).data;
    const deadline =
      input.timeLimit === undefined ? undefined : performance.now() + input.timeLimit * 60_000;
    const done: Record<string, Artifact> = {};
    let tokenizer: Tokenizer | undefined;
    const ready: { request: Request; delivery: Delivery }[] = [];
    for (const request of requestsOf(input)) {
      const earlier = await published.find(request.field, kindOf(request));
      if (earlier !== undefined) {
        done[request.field] = earlier;
        continue;
      }
      const delivery = await deliverOne(client, request, context, input, {
        tokenizer,
        deadline,
        localDir: input.localDir,
        artifact: cached?.[request.field]?.path,
      });
      tokenizer ??= delivery.tokenizer;
      ready.push({ request, delivery });
    }
    // Everything is verified before anything is published.
    for (const { request, delivery } of ready) {
      const { folder, meta, digests } = delivery;
      const artifact = await context.publish(kindOf(request), folder, { meta, digests });
      await published.add(request.field, artifact);
      done[request.field] = artifact;
    }
    return done;
  });
}

async function planFolder(request: Request, folder: string): Promise<PlanAction> {
  const { selected } = await orderFolder(request, folder);
  const bytes = selected.files.reduce((sum, file) => sum + file.size, 0);
  return { title: `take ${request.type} ${folder}: ${count(selected.files)}`, bytes };
}

async function deliverOne(
  client: HubClient,
  request: Request,
  context: StageContext,
  input: FetchInput,
  options: DeliveryOptions,
): Promise<Delivery> {
  const folder = await folderOf(request, isOffline(input));
  if (folder !== undefined) return await deliverFolder(request, folder, context, options);
  const order = await placeOrder(client, request, context.signal);
  return await deliver(client, order, context, options);
}

function kindOf(request: Request): "hf-model" | "hf-dataset" {
  return request.type === "model" ? "hf-model" : "hf-dataset";
}

/** Whether a `localDir` has everything that it is to have, as it was left there; nothing else is put beside artifacts. */
export async function isInLocalDir(input: FetchInput): Promise<boolean> {
  const [request] = requestsOf(input);
  if (input.localDir === undefined || request === undefined) return true;
  const { local } = placesOf(request, { scratch: undefined, localDir: input.localDir });
  const listing = await local?.listing(request.revision);
  if (local === undefined || listing === undefined) return false;
  return await local.has(orderOf(request, request.revision, listing).files);
}
