import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { SamplesAnswer } from "../../api/rollouts.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { useAnswer } from "../data/use-answer.ts";
import { figure } from "../data/words.ts";
import { Badge } from "../parts/badge.tsx";
import { FaultNote, Waiting } from "../parts/state.tsx";
import { PromptHistory } from "./prompt-history.tsx";
import { SampleDetails } from "./sample-details.tsx";

interface GroupPaneProps {
  readonly run: string;
  readonly rollout: number;
  readonly group: number;
  readonly outcome: string | undefined;
  readonly sample: number | undefined;
}

/** Samples that a table shows; what is beyond is a page further. */
const PAGE = 100;

/** One group: its question, all of its samples, and the chosen one whole. */
export function GroupPane({ run, rollout, group, outcome, sample }: GroupPaneProps): VNode {
  const [offset, setOffset] = useState(0);
  const base = `/api/runs/${run}/rollouts/${rollout}/groups/${group}`;
  const { data, fault, retry } = useAnswer<SamplesAnswer>(
    address(base, { detail: "brief", outcome, offset, limit: PAGE }),
  );
  if (fault !== undefined) return <FaultNote fault={fault} retry={retry} />;
  if (data === undefined) return <Waiting rows={6} />;
  const chosen = sample ?? data.items[0]?.index;
  return (
    <div class="pane-scroll" tabIndex={0} role="region" aria-label={`Group ${group}`}>
      <div class="question">
        <p>{data.question}</p>
        <p class="muted">
          answer <b class="mono">{data.group.label}</b> · {data.group.samples} samples · mean reward{" "}
          {figure(data.group.meanReward)} ± {figure(data.group.stdReward)}
        </p>
        {data.promptText !== undefined && data.promptText !== data.question && (
          <details>
            <summary>Prompt as the model got it</summary>
            <pre class="text">{data.promptText}</pre>
          </details>
        )}
      </div>
      <SampleTable answer={data} chosen={chosen} />
      {data.total > PAGE && (
        <p class="pager">
          <button
            type="button"
            class="button"
            disabled={offset === 0}
            onClick={() => setOffset(offset - PAGE)}
          >
            Before
          </button>
          <span>
            {offset + 1} to {Math.min(data.total, offset + PAGE)} of {data.total}
          </span>
          <button
            type="button"
            class="button"
            disabled={offset + PAGE >= data.total}
            onClick={() => setOffset(offset + PAGE)}
          >
            After
          </button>
        </p>
      )}
      {data.total === 0 && <p class="muted">No sample of this group has that outcome.</p>}
      {chosen !== undefined && <SampleDetails key={chosen} address={base} index={chosen} />}
      <PromptHistory run={run} prompt={data.group.prompt} rollout={rollout} />
    </div>
  );
}

function SampleTable({
  answer,
  chosen,
}: {
  readonly answer: SamplesAnswer;
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
        {answer.items.map(({ index, outcome, reward, advantage, tokenCount, response }) => (
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
