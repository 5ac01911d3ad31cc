import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Json } from "@moonlight-rl/core";
import { readManifest, type Manifest, type Workspace } from "@moonlight-rl/pipeline";
import type { ArtifactAnswer, ArtifactsAnswer } from "../api/artifacts.ts";
import { folderOf, referencesIn, type Reference } from "../files/references.ts";
import { notFound } from "../http/not-found.ts";
import type { RunView } from "../run/run-view.ts";

const FILES = 2_000;
/** Of one answer; a lineage is a handful of stages deep. */
const NODES = 500;

type Node = Omit<ArtifactsAnswer["artifacts"][number], "stage" | "usedBy">;
interface Opened {
  readonly node: Node;
  readonly files: ArtifactAnswer["fileList"];
  readonly provenance: Readonly<Record<string, Json>>;
  readonly inputs: readonly Reference[];
}

/** What the stages of a run took and made. */
export async function listArtifacts(view: RunView): Promise<ArtifactsAnswer> {
  const made = await view.outputs();
  const used = new Map<string, { readonly reference: Reference; readonly by: string[] }>();
  const note = (stage: string, reference: Reference): void => {
    const entry = used.get(reference.digest) ?? { reference, by: [] };
    if (!entry.by.includes(stage)) entry.by.push(stage);
    used.set(reference.digest, entry);
  };
  const finished = await view.finished();
  await view.events.refresh();
  for (const [id, { parts }] of finished)
    for (const reference of referencesIn(parts?.input)) note(id, reference);
  for (const [id, { input }] of view.events.stages)
    for (const reference of referencesIn(input)) note(id, reference);
  const all = new Map<string, Reference & { readonly stage?: string }>();
  for (const output of made) if (!all.has(output.digest)) all.set(output.digest, output);
  for (const { reference } of used.values())
    if (!all.has(reference.digest)) all.set(reference.digest, reference);
  const artifacts = [...all.values()].map(async ({ stage, ...reference }) => ({
    ...(await open(view.workspace, reference)).node,
    ...(stage === undefined ? {} : { stage }),
    usedBy: used.get(reference.digest)?.by ?? [],
  }));
  return { artifacts: await Promise.all(artifacts) };
}

/** One artifact and everything that it was made from. */
export async function describeArtifact(
  workspace: Workspace,
  digest: string,
): Promise<ArtifactAnswer> {
  const names = await readdir(workspace.store).catch(() => []);
  const name = names.find((one) => one.endsWith(`-${digest.slice(0, 16)}`));
  const kind = name?.slice(0, -17);
  const opened =
    kind === undefined
      ? undefined
      : await open(workspace, { field: "", kind, digest, path: undefined });
  if (opened === undefined || !opened.node.present)
    throw notFound(
      `The store has no artifact ${digest.slice(0, 16)}.`,
      "Its folder was removed, or it came from outside the workspace.",
    );
  const { node, files, provenance, inputs } = opened;
  return {
    ...node,
    fileList: files,
    provenance: provenance as ArtifactAnswer["provenance"],
    from: inputs.map((input) => input.digest),
    lineage: await ancestors(workspace, digest, inputs),
  };
}

async function ancestors(
  workspace: Workspace,
  root: string,
  inputs: readonly Reference[],
): Promise<ArtifactAnswer["lineage"]> {
  const seen = new Set([root]);
  const lineage: ArtifactAnswer["lineage"] = [];
  let level = inputs;
  for (let depth = 1; level.length > 0 && lineage.length < NODES; depth++) {
    const next: Reference[] = [];
    for (const reference of level) {
      if (seen.has(reference.digest)) continue;
      seen.add(reference.digest);
      const { node, files, inputs: further } = await open(workspace, reference);
      lineage.push({ ...node, depth, from: further.map(({ digest }) => digest), fileList: files });
      next.push(...further);
    }
    level = next;
  }
  return lineage;
}

async function open(workspace: Workspace, reference: Reference): Promise<Opened> {
  const { kind, digest } = reference;
  const folder = folderOf(workspace, reference);
  const manifest = await readManifest(folder).catch(() => undefined);
  const bare: Node = { kind, digest, present: manifest !== undefined, meta: {} };
  if (manifest === undefined) return { node: bare, files: [], provenance: {}, inputs: [] };
  const provenance = await readProvenance(folder);
  const { producer, key, finished } = provenance;
  const stage =
    typeof producer === "object" && producer !== null && !Array.isArray(producer)
      ? (producer as Readonly<Record<string, Json>>)["stage"]
      : undefined;
  return {
    node: {
      ...bare,
      path: folder.startsWith(workspace.store) ? `store/${basename(folder)}` : folder,
      ...sizes(manifest),
      meta: manifest.meta,
      ...(typeof stage === "string" ? { producer: stage } : {}),
      ...(typeof key === "string" ? { key } : {}),
      ...(typeof finished === "string" ? { created: finished } : {}),
    },
    files: manifest.files.slice(0, FILES),
    provenance,
    inputs: referencesIn(provenance["input"]),
  };
}

function sizes({ files }: Manifest): { readonly bytes: number; readonly files: number } {
  return { bytes: files.reduce((sum, { size }) => sum + size, 0), files: files.length };
}

async function readProvenance(folder: string): Promise<Record<string, Json>> {
  try {
    return JSON.parse(await readFile(join(folder, "provenance.json"), "utf8")) as Record<
      string,
      Json
    >;
  } catch {
    // Not part of the identity: an artifact without it is whole.
    return {};
  }
}
