/** What a topic compares; its folder beside `src` holds how. */
export interface Topic {
  readonly name: string;
  readonly what: string;
  /** Its live check takes `--miles` and `--megatron`. */
  readonly reference?: true;
  /** Its live check takes words that its parts are chosen by. */
  readonly parts?: true;
  /** Its live check makes what it compares from `--seed`, `--count` times. */
  readonly seeds?: true;
  /** Its live check makes golden files of normal tests, and writes them with `--update`. */
  readonly goldens?: true;
}

/**
 * A folder with `run.py` and `requirements.txt` has a live check; one with `cases.ts` takes `--cases FILE`.
 */
export const TOPICS: readonly Topic[] = [
  { name: "hub", what: "Python's hf download against our Hub server" },
  {
    name: "torch-dist",
    what: "torch_dist checkpoints with torch and Megatron, both ways",
    reference: true,
  },
  { name: "embedded", what: "logits and gradients of transformers' DeepseekV3ForCausalLM" },
  { name: "serve", what: "OpenAI's clients for Python and npm against our server" },
  {
    name: "recipe",
    what: "rules with the validators of miles and Megatron",
    reference: true,
    seeds: true,
  },
  { name: "launch", what: "launch scripts and Ray Jobs requests on a real Ray" },
  {
    name: "ray",
    what: "training on miles with a real Ray and a stand-in for the framework",
    parts: true,
  },
  {
    name: "miles-logs",
    what: "the log parser on what miles' own logging functions write on a real Ray",
    reference: true,
    goldens: true,
  },
  {
    name: "dump",
    what: "rollouts that miles' own functions kept, as our reader shows them",
    reference: true,
    goldens: true,
  },
  { name: "reward", what: "graders with those of miles", reference: true, seeds: true },
  { name: "eval", what: "statistics with SciPy and NumPy, accuracy with lm-eval", goldens: true },
  {
    name: "tokenizer",
    what: "token ids and chat texts with transformers, tokenizers and tiktoken",
    goldens: true,
  },
];
