import type { Recipe } from "../schema.ts";
import type { Rule } from "./rule.ts";

function paths({ model, data, checkpoint, eval: evaluation }: Recipe): [string, string | null][] {
  return [
    ["model.hfCheckpoint", model.hfCheckpoint],
    ["checkpoint.refLoad", checkpoint.refLoad],
    ["checkpoint.load", checkpoint.load],
    ["checkpoint.save", checkpoint.save],
    ["data.promptData", data.promptData],
    ...evaluation.datasets.map(({ path }, i): [string, string] => [
      `eval.datasets.${i}.path`,
      path,
    ]),
  ];
}

export const PATH_RULES: readonly Rule[] = [
  {
    id: "path-absolute",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Not checked: relative paths are taken from where Ray was started on each node.",
    check: ({ recipe }) =>
      paths(recipe).flatMap(([field, path]) =>
        path === null || path.startsWith("/")
          ? []
          : [
              {
                field,
                reason: `"${path}" is relative to wherever each worker was started`,
                fix: "Use an absolute path that every worker sees.",
              },
            ],
      ),
  },
];
