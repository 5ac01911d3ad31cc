import { digestOf, isMoonlightError, toMoonlightError, type Json } from "@moonlight-rl/core";
import { fromJson, toJson } from "../artifact/reference.ts";
import {
  executeStage,
  tidy,
  type StageRequest,
  type StageResult,
} from "../runner/execute-stage.ts";
import { keyedJson } from "../runner/key.ts";
import { keyStage, parseInput, resolveInput } from "../runner/prepare-stage.ts";
import type { Session } from "../runner/session.ts";
import { keyedPart, withUnkeyed } from "../schema/keyed.ts";
import type { Stage } from "../stage/define-stage.ts";
import type { StageCall } from "./define-pipeline.ts";
import type { Journal } from "./journal.ts";
import { checkStageId, StageNames } from "./stage-names.ts";

export interface RunStageResult extends StageResult {
  readonly id: string;
  readonly stage: string;
}

/** The stage calls of one run: memoised by content, taken from the journal when resuming. */
export class RunStages {
  readonly #session: Session;
  readonly #journal: Journal;
  readonly #names = new StageNames();
  readonly #byKey = new Map<string, Promise<StageResult>>();
  readonly #pending = new Set<Promise<unknown>>();
  /** In the order of the calls; undefined until a call has ended. */
  readonly #results = new Map<string, RunStageResult | undefined>();

  constructor(session: Session, journal: Journal) {
    this.#session = session;
    this.#journal = journal;
  }

  /** The `stage` function that the pipeline's body gets. */
  readonly call: StageCall = (stage, input, options = {}) => {
    const id = options.id ?? stage.name;
    if (!this.#results.has(id)) this.#results.set(id, undefined);
    const work = this.#run(stage, input, id);
    // A call that nobody awaits must neither be lost nor end the process.
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.#pending.add(settled);
    void settled.then(() => this.#pending.delete(settled));
    return work as never;
  };

  get results(): readonly RunStageResult[] {
    return [...this.#results.values()].filter((result) => result !== undefined);
  }

  /** Resolves once no stage is at work. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #run(stage: Stage, input: unknown, id: string): Promise<unknown> {
    checkStageId(id);
    const resolved = await this.#resolve(stage, id, parseInput(stage, input));
    const request = await keyStage(stage, id, resolved);
    const { key } = request.key;
    this.#names.claim(id, key);
    const known = this.#byKey.get(key);
    const work = known ?? this.#bring(request);
    this.#byKey.set(key, work);
    try {
      const result = await work;
      this.#note(request, known === undefined ? result : { ...result, reused: true });
      const verdict = stage.verdict?.(result.output as never, resolved as never);
      if (verdict !== undefined) throw verdict;
      return result.output;
    } catch (thrown) {
      // A pipeline that catches a failure may try again.
      if (this.#byKey.get(key) === work) this.#byKey.delete(key);
      const error = toMoonlightError(thrown);
      const { code, message } = this.#session.redactor.value({
        code: error.code,
        message: error.message,
      });
      this.#journal.append({
        type: "failed",
        time: this.#now(),
        id,
        stage: stage.name,
        code,
        message,
      });
      throw error;
    }
  }

  async #bring(request: StageRequest): Promise<StageResult> {
    return (await this.#fromJournal(request)) ?? executeStage(this.#session, request);
  }

  /** References that an earlier process of this run has resolved stay resolved. */
  async #resolve(stage: Stage, id: string, input: unknown): Promise<unknown> {
    if (stage.resolve === undefined) return input;
    const request = digestOf({ stage: stage.name, input: keyedJson(stage, input) });
    const earlier = this.#journal.resolved(id);
    if (earlier?.request === request) {
      const kept = await fromJson(earlier.input, this.#session.workspace);
      return parseInput(stage, withUnkeyed(stage.input, kept, input));
    }
    const resolved = await resolveInput(this.#session, stage, id, input);
    this.#journal.append({
      type: "resolved",
      time: this.#now(),
      id,
      request,
      input: this.#json(keyedPart(stage.input, resolved)) as never,
    });
    return resolved;
  }

  async #fromJournal({ stage, id, key: { key } }: StageRequest): Promise<StageResult | undefined> {
    const entry = this.#journal.finished(id);
    if (entry === undefined) return undefined;
    const emit = this.#session.sink.emitter(id);
    const skip = (message: string): undefined => {
      emit({ type: "warning", code: "RESUME_CHANGED", message });
      return undefined;
    };
    if (entry.key !== key) {
      return skip(`${id} had finished, but its input or code has changed since.`);
    }
    try {
      const output = stage.output.parse(await fromJson(entry.output, this.#session.workspace));
      await tidy(this.#session, key);
      emit({ type: "stage.reused", key, seconds: entry.seconds });
      return { output, key, reused: true, seconds: entry.seconds };
    } catch (error) {
      if (!isMoonlightError(error)) throw error;
      return skip(`${id} had finished, but its result is not used: ${error.message}`);
    }
  }

  #note(request: StageRequest, result: StageResult): void {
    const { id, stage } = request;
    if (this.#results.get(id) !== undefined) return;
    this.#results.set(id, { ...result, id, stage: stage.name });
    if (this.#journal.finished(id)?.key === result.key) return;
    this.#journal.append({
      type: "finished",
      time: this.#now(),
      id,
      stage: stage.name,
      key: result.key,
      reused: result.reused,
      seconds: result.seconds,
      output: this.#json(result.output) as never,
      parts: this.#session.redactor.value(request.key.parts) as never,
    });
  }

  #json(value: unknown): Json {
    return toJson(value, this.#session.workspace);
  }

  #now(): string {
    return this.#session.clock.now().toISOString();
  }
}
