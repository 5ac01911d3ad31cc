/** What the parameters of the pipeline mean, for the schema and for `--help`, which must not wait for a schema. */
export const PARAM_TEXTS = {
  profile: "named set of defaults",
  backend: "what carries the recipe out (default: the profile's)",
  files: "recipe files, later ones win",
  set: "one field of the recipe as path=value",
  seed: "seed of data order and sampling",
  model: "model repository on the Hub",
  revision: "branch, tag or commit of the model repository",
  promptData: "dataset repository with the training prompts",
  evalData: "dataset repository with the evaluation problems",
  root: "folder with models and data on the cluster (backend miles)",
  rayAddress: "job server of a running Ray cluster (backend miles)",
  miles: "folder of miles on the nodes (backend miles)",
  python: "interpreter with miles' packages (backend miles)",
  onInterrupt: "what Ctrl-C does to the job (backend miles)",
  until: "stop after this stage",
  endpoint: "where the Hub is",
} as const;
