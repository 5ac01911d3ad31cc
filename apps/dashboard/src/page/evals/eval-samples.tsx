import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { EvalSamplesAnswer, EvalSet } from "../../api/evals.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { useAnswer } from "../data/use-answer.ts";
import { count, figure } from "../data/words.ts";
import { Badge } from "../parts/badge.tsx";
import { Pager } from "../parts/pager.tsx";
import { GradedText } from "../parts/graded-text.tsx";
import { Show } from "../parts/state.tsx";
import { setAddress } from "./problem-list.tsx";

type EvalSample = EvalSamplesAnswer["items"][number];

interface EvalSamplesProps {
  readonly run: string;
  readonly stage: string;
  readonly set: EvalSet;
  readonly query: URLSearchParams;
}

const PAGE = 20;

/** Samples of an evaluation, of all problems or of one. */
export function EvalSamples({ run, stage, set, query }: EvalSamplesProps): VNode {
  const problem = query.get("problem") ?? undefined;
  const outcome = query.get("outcome") ?? undefined;
  const [page, setPage] = useState({ of: "", offset: 0 });
  const filter = `${problem ?? ""} ${outcome ?? ""}`;
  const offset = page.of === filter ? page.offset : 0;
  const answer = useAnswer<EvalSamplesAnswer>(
    address(`${setAddress(run, stage, set.name)}/samples`, {
      problem,
      outcome,
      offset,
      limit: PAGE,
    }),
  );
  return (
    <>
      <div class="pane-head">
        <h2>{problem === undefined ? "Samples" : `Samples of problem ${problem}`}</h2>
        <select
          aria-label="With an outcome"
          value={outcome ?? ""}
          onChange={(event) => setQuery({ outcome: event.currentTarget.value })}
        >
          <option value="">any outcome</option>
          {Object.entries(set.outcomes)
            .filter(([name, share]) => share > 0 || name === outcome)
            .map(([name]) => (
              <option key={name} value={name}>
                {name.replace("_", " ")}
              </option>
            ))}
        </select>
      </div>
      <Show answer={answer} rows={6}>
        {({ items, total }) => (
          <div
            class="pane-scroll"
            tabIndex={0}
            role="region"
            aria-label="Samples of the evaluation"
          >
            {items.map((sample, index) => (
              <SampleCard
                key={`${sample.problem} ${sample.sample}`}
                sample={sample}
                withPrompt={index === 0 || items[index - 1]?.problem !== sample.problem}
              />
            ))}
            {total === 0 && <p class="muted">No sample has that outcome.</p>}
            <Pager
              offset={offset}
              total={total}
              page={PAGE}
              one="sample"
              words={["Before", "After"]}
              go={(to) => setPage({ of: filter, offset: to })}
            />
          </div>
        )}
      </Show>
    </>
  );
}

function SampleCard({
  sample,
  withPrompt,
}: {
  readonly sample: EvalSample;
  readonly withPrompt: boolean;
}): VNode {
  const { problem, outcome, reward, tokens, label, extracted, reasoning } = sample;
  return (
    <article class="eval-sample">
      {withPrompt && (
        <div class="question">
          <p>{sample.question}</p>
          <p class="muted">
            problem {problem} · answer <b class="mono">{label}</b>
          </p>
          {sample.prompt !== sample.question && (
            <details>
              <summary>Prompt as the model got it</summary>
              <pre class="text">{sample.prompt}</pre>
            </details>
          )}
        </div>
      )}
      <div class="eval-answer">
        <p class="eval-facts">
          <Badge state={outcome} />
          <span class="muted">
            sample {sample.sample}, reward {figure(reward)}
            {tokens !== null && `, ${count(tokens, "token")}`}
            {extracted === null ? ", no answer found" : ""}
          </span>
        </p>
        {reasoning !== undefined && reasoning !== "" && (
          <details>
            <summary>Reasoning</summary>
            <pre class="text">{reasoning}</pre>
          </details>
        )}
        <GradedText text={sample.response} span={sample.span} />
      </div>
    </article>
  );
}
