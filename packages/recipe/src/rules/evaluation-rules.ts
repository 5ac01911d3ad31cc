import { faultIf, type Rule } from "./rule.ts";

export const EVALUATION_RULES: readonly Rule[] = [
  {
    id: "eval-datasets",
    severity: "error",
    beyondReference: false,
    reference: 'AssertionError "Evaluation datasets must be configured…" (A:3012-3013).',
    check: ({ recipe }) =>
      faultIf(
        recipe.eval.interval !== null && recipe.eval.datasets.length === 0,
        "eval.datasets",
        "evaluation is due but there is nothing to evaluate on",
        "Name a dataset, or set eval.interval=null.",
      ),
  },
  {
    id: "eval-dataset-names",
    severity: "error",
    beyondReference: true,
    reference: "Not checked: the metrics of one overwrite those of the other (RM:21-59).",
    check: ({ recipe }) => {
      const names = recipe.eval.datasets.map((dataset) => dataset.name);
      const twice = names.find((name, i) => names.indexOf(name) !== i);
      return faultIf(
        twice !== undefined,
        "eval.datasets",
        `two datasets are called "${twice ?? ""}", so their metrics would be mixed up`,
        "Give each dataset a name of its own.",
      );
    },
  },
];
