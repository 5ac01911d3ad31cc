import { useMemo, useState } from "preact/hooks";
import type { VNode } from "preact";
import type { Sample } from "../../api/rollouts.ts";
import { count, formatPercent } from "../data/words.ts";
import { placeTokens, shade, type PlacedToken, type Shading } from "./shades.ts";

interface TokenTextProps {
  readonly sample: Sample;
  readonly tokens: readonly string[];
  readonly shading: Shading;
}

/** Tokens drawn at once: a response of 16,384 would take the page a second. */
const PIECE = 2_000;

/** A response token by token; the pointer or the arrows say what each was worth. */
export function TokenText({ sample, tokens, shading }: TokenTextProps): VNode {
  const { response, span } = sample;
  const placed = useMemo(() => placeTokens(tokens, response, span), [tokens, response, span]);
  const [shown, setShown] = useState(PIECE);
  const [at, setAt] = useState<number | undefined>(undefined);
  const press = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const last = Math.min(shown, tokens.length) - 1;
    setAt(Math.max(0, Math.min(last, (at ?? -1) + step)));
  };
  const hover = (event: MouseEvent): void => {
    const index = (event.target as HTMLElement).dataset["t"];
    if (index !== undefined) setAt(Number(index));
  };
  const pieces = Array.from(
    { length: Math.ceil(Math.min(shown, tokens.length) / PIECE) },
    (_, i) => (
      <TokenPiece key={i} sample={sample} placed={placed} from={i * PIECE} shading={shading} />
    ),
  );
  return (
    <>
      <pre
        class="text tokens"
        tabIndex={0}
        role="group"
        aria-label={`Response, ${count(tokens.length, "token")}`}
        onKeyDown={press}
        onMouseOver={hover}
        onMouseLeave={() => setAt(undefined)}
      >
        {pieces}
      </pre>
      {shown < tokens.length && (
        <button type="button" class="button" onClick={() => setShown(shown + PIECE)}>
          Show the next {count(Math.min(PIECE, tokens.length - shown), "token")} of{" "}
          {count(tokens.length, "token")}
        </button>
      )}
      <p class="token-facts" aria-live="polite">
        {at === undefined ? (
          <Key shading={shading} />
        ) : (
          <TokenFacts sample={sample} at={at} text={tokens[at] ?? ""} />
        )}
      </p>
    </>
  );
}

interface TokenPieceProps {
  readonly sample: Sample;
  readonly placed: readonly PlacedToken[];
  readonly from: number;
  readonly shading: Shading;
}

/** A part of the tokens, drawn once: neither pointing at one nor showing more of them draws it again. */
function TokenPiece({ sample, placed, from, shading }: TokenPieceProps): VNode {
  const { logProbs, refLogProbs, lossMask } = sample;
  return useMemo(
    () => (
      <span>
        {placed.slice(from, from + PIECE).map((token, i) => {
          const index = from + i;
          return (
            <span
              key={index}
              data-t={index}
              class={[
                shade(shading, logProbs?.[index], refLogProbs?.[index]),
                token.graded ? "graded" : "",
                token.special ? "special" : "",
                lossMask?.[index] === 0 ? "masked" : "",
              ].join(" ")}
            >
              {token.text}
            </span>
          );
        })}
      </span>
    ),
    [placed, from, shading, logProbs, refLogProbs, lossMask],
  );
}

function TokenFacts({
  sample,
  at,
  text,
}: {
  readonly sample: Sample;
  readonly at: number;
  readonly text: string;
}): VNode {
  const { tokenIds, logProbs, refLogProbs, lossMask } = sample;
  const [own, reference] = [logProbs?.[at], refLogProbs?.[at]];
  const id = tokenIds?.[at];
  return (
    <>
      token {at} <code>{JSON.stringify(text)}</code>
      {id !== undefined && ` (${id})`}
      {own !== undefined && ` · log-prob ${own.toFixed(3)} nats, ${formatPercent(Math.exp(own))}`}
      {reference !== undefined &&
        ` · reference ${reference.toFixed(3)}, ${formatPercent(Math.exp(reference))}`}
      {lossMask?.[at] === 0 && " · does not count in training"}
    </>
  );
}

function Key({ shading }: { readonly shading: Shading }): VNode {
  return (
    <span class="muted">
      {shading === "logProb" && (
        <>
          <span class="swatch u1" /> likely <span class="swatch u3" /> <span class="swatch u6" />{" "}
          unlikely to the policy ·{" "}
        </>
      )}
      {shading === "shift" && (
        <>
          <span class="swatch r5" /> rarer <span class="swatch m5" /> likelier than for the
          reference ·{" "}
        </>
      )}
      <span class="swatch graded" /> graded · point at a token, or use ← →
    </span>
  );
}
