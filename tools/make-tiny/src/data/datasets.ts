import { question, solution, type Problem } from "./problem.ts";
import { splitProblems } from "./split.ts";

/** A file of the assets, by its path in Hub layout. */
export interface AssetFile {
  readonly path: string;
  readonly content: string;
}

/** The two dataset repositories: training prompts in the form of dapo-math, evaluation in the form of aime. */
export function datasetFiles(seed: number): AssetFile[] {
  const { training, evaluation } = splitProblems(seed);
  return [
    { path: "datasets/moonlight-rl/tiny-dapo-math/tiny-dapo-math.jsonl", content: jsonl(training) },
    {
      path: "datasets/moonlight-rl/tiny-dapo-math/README.md",
      content: card("tiny-dapo-math", training.length, "Training prompts"),
    },
    { path: "datasets/moonlight-rl/tiny-aime/tiny-aime.jsonl", content: jsonl(evaluation) },
    {
      path: "datasets/moonlight-rl/tiny-aime/README.md",
      content: card("tiny-aime", evaluation.length, "Evaluation problems"),
    },
  ];
}

function jsonl(problems: readonly Problem[]): string {
  return problems
    .map(
      (problem) =>
        JSON.stringify({
          prompt: [{ role: "user", content: question(problem) }],
          label: String(solution(problem)),
        }) + "\n",
    )
    .join("");
}

function card(name: string, rows: number, purpose: string): string {
  return `---
license: apache-2.0
---
# ${name}

${purpose} for the tiny Moonlight model: ${rows} sums and differences of two numbers from 0 to 99, one JSON object a line
(\`prompt\`: chat messages, \`label\`: the answer as a string). The answer is expected as \`\\boxed{…}\`.

Training prompts, evaluation problems and pre-training share no pair of operands: not the problem, not its mirror image,
not the difference of the same two numbers. Made by \`tools/make-tiny\` from a seed.
`;
}
