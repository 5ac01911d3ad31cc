import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { Sample, SamplesAnswer } from "../../api/rollouts.ts";
import { address } from "../data/answer.ts";
import { useAnswer } from "../data/use-answer.ts";
import { figure } from "../data/words.ts";
import { Badge } from "../parts/badge.tsx";
import { GradedText } from "../parts/graded-text.tsx";
import { FaultNote } from "../parts/state.tsx";
import { TokenText } from "./token-text.tsx";
import type { Shading } from "./shades.ts";

interface SampleDetailsProps {
  readonly address: string;
  readonly index: number;
  /** What is shown until the whole one is there. */
  readonly brief: Sample | undefined;
}

/** One sample, whole: its text with what each token was worth to the policy. */
export function SampleDetails(props: SampleDetailsProps): VNode {
  const answer = useAnswer<SamplesAnswer>(
    address(props.address, { offset: props.index, limit: 1 }),
  );
  const sample = answer.data?.items[0] ?? props.brief;
  return (
    <>
      {answer.fault !== undefined && <FaultNote fault={answer.fault} retry={answer.retry} />}
      {sample !== undefined && <Details sample={sample} />}
    </>
  );
}

function Details({ sample }: { readonly sample: Sample }): VNode {
  const { index, outcome, reward, advantage, extracted, tokens, logProbs, refLogProbs } = sample;
  const [shading, setShading] = useState<Shading>("logProb");
  return (
    <section class="card sample" aria-label={`Sample ${index}`}>
      <header>
        <h3>Sample {index}</h3>
        <Badge state={outcome} />
        <span>
          reward <b>{figure(reward)}</b>
          {advantage !== undefined && (
            <>
              , advantage <b>{advantage.toFixed(3)}</b>
            </>
          )}
          {extracted !== undefined && (
            <>, found {extracted === null ? <b>no answer</b> : <b class="mono">{extracted}</b>}</>
          )}
        </span>
        <span class="push" />
        {logProbs !== undefined && (
          <label>
            <span class="hidden">Shade tokens by</span>
            <select
              value={shading}
              onChange={(event) => setShading(event.currentTarget.value as Shading)}
            >
              <option value="logProb">shade: log-prob</option>
              {refLogProbs !== undefined && <option value="shift">shade: against reference</option>}
              <option value="none">no shading</option>
            </select>
          </label>
        )}
      </header>
      {tokens === undefined ? (
        <GradedText text={sample.response} span={sample.span} />
      ) : (
        <TokenText sample={sample} tokens={tokens} shading={shading} />
      )}
    </section>
  );
}
