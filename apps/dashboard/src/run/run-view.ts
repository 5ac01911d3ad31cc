import { access } from "node:fs/promises";
import { join } from "node:path";
import { HISTORY_FILE, ROLLOUT_INDEX, RolloutReader, ROLLOUTS_FOLDER } from "@moonlight-rl/core";
import {
  readRun,
  readRunJournal,
  runFiles,
  type JournalEntry,
  type RunSummary,
  type Workspace,
} from "@moonlight-rl/pipeline";
import { folderOf, referencesIn, type Reference } from "../files/references.ts";
import { linesFrom } from "../files/tail.ts";
import { recordedRollouts, shownRollouts, type RolloutSource } from "../rollouts/source.ts";
import { EventIndex, parseEvent } from "./event-index.ts";

export type Finished = Extract<JournalEntry, { type: "finished" }>;

/** One run as the dashboard reads it; everything is brought up to date when it is asked for. */
export class RunView {
  readonly workspace: Workspace;
  readonly id: string;
  readonly events: EventIndex;
  /** Histories of stages that this run took from the cache. */
  readonly #adopted = new Map<string, EventIndex["shown"]>();
  #rollouts: { readonly folder: string; readonly source: RolloutSource } | undefined;

  constructor(workspace: Workspace, id: string) {
    this.workspace = workspace;
    this.id = id;
    this.events = new EventIndex(runFiles(workspace, id).events);
  }

  record(): Promise<RunSummary> {
    return readRun(this.workspace, this.id);
  }

  /** The last word of the journal on each stage, in the order of their first end. */
  async finished(): Promise<Map<string, Finished>> {
    const stages = new Map<string, Finished>();
    for (const entry of await readRunJournal(this.workspace, this.id))
      if (entry.type === "finished") stages.set(entry.id, entry);
    return stages;
  }

  /** Artifacts that stages of this run made or took from the cache. */
  async outputs(kind?: string): Promise<(Reference & { readonly stage: string })[]> {
    const stages = await this.finished();
    return [...stages].flatMap(([stage, { output }]) =>
      referencesIn(output)
        .filter((reference) => kind === undefined || reference.kind === kind)
        .map((reference) => ({ ...reference, stage })),
    );
  }

  folder(reference: Reference): string {
    return folderOf(this.workspace, reference);
  }

  /** Curves of this run, those of stages whose result was reused included. */
  async curves(): Promise<EventIndex["curves"]> {
    await this.events.refresh();
    await this.#adoptHistories();
    return this.events.curves;
  }

  /** All rollouts of the run's training, or those samples that older runs kept. */
  async rollouts(): Promise<RolloutSource> {
    await this.events.refresh();
    const folder = await this.#rolloutsFolder();
    if (folder !== undefined) {
      if (this.#rollouts?.folder !== folder)
        this.#rollouts = { folder, source: recordedRollouts(new RolloutReader(folder)) };
      return this.#rollouts.source;
    }
    await this.#adoptHistories();
    return shownRollouts([...this.events.shown, ...[...this.#adopted.values()].flat()]);
  }

  async #rolloutsFolder(): Promise<string | undefined> {
    const published = (await this.outputs()).map((output) => this.folder(output));
    const live = [...this.events.stages.values()].flatMap(({ key }) =>
      key === undefined || !/^[0-9a-f]+$/.test(key)
        ? []
        : [join(this.workspace.scratch, key, "save")],
    );
    for (const parent of [...published, ...live]) {
      const folder = join(parent, ROLLOUTS_FOLDER);
      if (await exists(join(folder, ROLLOUT_INDEX))) return folder;
    }
    return undefined;
  }

  async #adoptHistories(): Promise<void> {
    for (const { stage, ...output } of await this.outputs()) {
      const name = `${stage} ${output.digest}`;
      if (this.#adopted.has(name) || this.events.curves.has(stage)) continue;
      const shown: EventIndex["shown"] = [];
      this.#adopted.set(name, shown);
      for await (const { text } of linesFrom(join(this.folder(output), HISTORY_FILE), 0)) {
        const event = parseEvent(`{"time":"1970-01-01T00:00:00.000Z",${text.slice(1)}`);
        if (event?.type === "metric")
          for (const [metric, value] of Object.entries(event.values))
            this.events.curves.add(stage, metric, event.step, Number(value));
        if (event?.type === "sample" && event.phase === "rollout") shown.push(event);
      }
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
