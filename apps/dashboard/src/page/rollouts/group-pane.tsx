import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { GroupLine, SamplesAnswer } from "../../api/rollouts.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { useAnswer } from "../data/use-answer.ts";
import { figure } from "../data/words.ts";
import { Badge } from "../parts/badge.tsx";
import { Show } from "../parts/state.tsx";
import { PromptHistory } from "./prompt-history.tsx";
import { SampleDetails } from "./sample-details.tsx";

interface GroupPaneProps {
  readonly run: string;
  readonly rollout: number;
  readonly group: number;
  /** As the list of groups has it, if it is there. */
  readonly line: GroupLine | undefined;
  readonly outcome: string | undefined;
  readonly sample: number | undefined;
}

/** Samples that a table shows; what is beyond is a page further. */
const PAGE = 100;

/** One group: its question, all of its samples, and the chosen one whole. */
export function GroupPane({ run, rollout, group, line, outcome, sample }: GroupPaneProps): VNode {
  const [offset, setOffset] = useState(0);
  const base = `/api/runs/${run}/rollouts/${rollout}/groups/${group}`;
  const answer = useAnswer<SamplesAnswer>(
    address(base, { detail: "brief", outcome, offset, limit: PAGE }),
  );
  const { data } = answer;
  const about = data?.group ?? line;
  return (
    <div class="pane-scroll" tabIndex={0} role="region" aria-label={`Group ${group}`}>
      {about !== undefined && <Question about={about} answer={data} />}
      <Show answer={answer} rows={6}>
        {({ items, total }) => {
          const chosen = sample ?? items[0]?.index;
          return (
            <>
              <SampleTable items={items} chosen={chosen} />
              {total > PAGE && <Pager offset={offset} total={total} go={setOffset} />}
              {total === 0 && <p class="muted">No sample of this group has that outcome.</p>}
              {chosen !== undefined && (
                <SampleDetails
                  key={chosen}
                  address={base}
                  index={chosen}
                  brief={items.find(({ index }) => index === chosen)}
                />
              )}
            </>
          );
        }}
      </Show>
      {about !== undefined && <PromptHistory run={run} prompt={about.prompt} rollout={rollout} />}
    </div>
  );
}

/** From the list of groups at once, whole when the answer is there. */
function Question({
  about,
  answer,
}: {
  readonly about: GroupLine;
  readonly answer: SamplesAnswer | undefined;
}): VNode {
  const question = answer?.question ?? about.question;
  const prompt = answer?.promptText;
  return (
    <div class="question">
      <p>{question}</p>
      <p class="muted">
        answer <b class="mono">{about.label}</b> · {about.samples} samples · mean reward{" "}
        {figure(about.meanReward)} ± {figure(about.stdReward)}
      </p>
      {prompt !== undefined && prompt !== question && (
        <details>
          <summary>Prompt as the model got it</summary>
          <pre class="text">{prompt}</pre>
        </details>
      )}
    </div>
  );
}

function Pager({
  offset,
  total,
  go,
}: {
  readonly offset: number;
  readonly total: number;
  readonly go: (offset: number) => void;
}): VNode {
  return (
    <p class="pager">
      <button
        type="button"
        class="button"
        disabled={offset === 0}
        onClick={() => go(offset - PAGE)}
      >
        Before
      </button>
      <span>
        {offset + 1} to {Math.min(total, offset + PAGE)} of {total}
      </span>
      <button
        type="button"
        class="button"
        disabled={offset + PAGE >= total}
        onClick={() => go(offset + PAGE)}
      >
        After
      </button>
    </p>
  );
}

function SampleTable({
  items,
  chosen,
}: {
  readonly items: SamplesAnswer["items"];
  readonly chosen: number | undefined;
}): VNode {
  return (
    <table class="table samples">
      <thead>
        <tr>
          <th class="number">#</th>
          <th>outcome</th>
          <th class="number">reward</th>
          <th class="number">advantage</th>
          <th class="number">tokens</th>
          <th>response</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ index, outcome, reward, advantage, tokenCount, response }) => (
          <tr key={index} class={index === chosen ? "chosen" : ""}>
            <td class="number">
              <button
                type="button"
                class="row-button"
                aria-pressed={index === chosen}
                aria-label={`Sample ${index}`}
                onClick={() => setQuery({ sample: index })}
              >
                {index}
              </button>
            </td>
            <td>
              <Badge state={outcome} />
            </td>
            <td class="number">{figure(reward)}</td>
            <td class="number">{advantage === undefined ? "—" : advantage.toFixed(3)}</td>
            <td class="number">{figure(tokenCount)}</td>
            <td class="mono clip">{response}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
