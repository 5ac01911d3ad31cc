import { z } from "zod";
import { field } from "./field-facts.ts";

const text = z.string().min(1).nullable();

/** Where miles reports to. Keys are not fields: WANDB_API_KEY is read from the environment. miles only. */
export const trackingSchema = z.strictObject({
  useWandb: field(z.boolean(), "Whether metrics go to Weights & Biases.", {
    flag: "--use-wandb",
    usual: false,
    source: "A:1876",
  }),
  wandbProject: field(text, "Its project.", {
    flag: "--wandb-project",
    usual: null,
    source: "A:1894",
  }),
  wandbGroup: field(
    text,
    "Its group; without one the reference fails unless wandbRandomSuffix is false.",
    {
      flag: "--wandb-group",
      usual: null,
      source: "A:1893, wandb_utils.py:51",
    },
  ),
  wandbTeam: field(text, "Its entity.", { flag: "--wandb-team", usual: null, source: "A:1892" }),
  wandbHost: field(text, "Address of a server of one's own.", {
    flag: "--wandb-host",
    usual: null,
    source: "A:1891",
  }),
  wandbMode: field(
    z.enum(["online", "offline", "disabled"]).nullable(),
    "Its mode. null: its own default.",
    {
      flag: "--wandb-mode",
      usual: null,
      source: "A:1877",
    },
  ),
  wandbDir: field(text, "Folder of its local files.", {
    flag: "--wandb-dir",
    usual: null,
    source: "A:1884",
  }),
  wandbRunId: field(text, "Run to go on with.", {
    flag: "--wandb-run-id",
    usual: null,
    source: "A:1942",
  }),
  wandbRandomSuffix: field(z.boolean(), "Whether the run's name gets a random end.", {
    negative: "--disable-wandb-random-suffix",
    usual: true,
    source: "A:1895",
  }),
  wandbAlwaysUseTrainStep: field(
    z.boolean(),
    "Whether every metric is plotted over optimizer steps.",
    {
      flag: "--wandb-always-use-train-step",
      usual: false,
      source: "A:1905",
    },
  ),
  useTensorboard: field(z.boolean(), "Whether metrics go to TensorBoard files.", {
    flag: "--use-tensorboard",
    usual: false,
    source: "A:1972",
  }),
  tbProjectName: field(text, "Its folder, unless the environment has TENSORBOARD_DIR.", {
    flag: "--tb-project-name",
    usual: null,
    source: "A:1973, tensorboard_utils.py:28",
  }),
  tbExperimentName: field(text, "Its run; without a name each process makes one up.", {
    flag: "--tb-experiment-name",
    usual: null,
    source: "A:1979",
  }),
  useMlflow: field(z.boolean(), "Whether metrics go to MLflow.", {
    flag: "--use-mlflow",
    usual: false,
    source: "A:1947",
  }),
  mlflowTrackingUri: field(text, "Its server. null: MLFLOW_TRACKING_URI of the environment.", {
    flag: "--mlflow-tracking-uri",
    usual: null,
    source: "A:1948",
  }),
  mlflowExperimentName: field(z.string().min(1), "Its experiment.", {
    flag: "--mlflow-experiment-name",
    usual: "miles",
    source: "A:1954",
  }),
  mlflowRunName: field(text, "Its run.", {
    flag: "--mlflow-run-name",
    usual: null,
    source: "A:1960",
  }),
  usePrometheus: field(z.boolean(), "Whether metrics are served to Prometheus.", {
    flag: "--use-prometheus",
    usual: false,
    source: "A:1985",
  }),
  prometheusPort: field(z.int(), "The port for that.", {
    flag: "--prometheus-port",
    usual: 9090,
    source: "A:1986",
  }),
  logPassrate: field(z.boolean(), "Whether pass@k is reported for rollouts and evaluations.", {
    flag: "--log-passrate",
    usual: false,
    source: "A:1921",
  }),
  logMultiTurn: field(z.boolean(), "Whether figures per turn are reported.", {
    flag: "--log-multi-turn",
    usual: false,
    source: "A:1915",
  }),
  logRewardCategory: field(text, "Metadata key by which rewards are reported apart.", {
    flag: "--log-reward-category",
    usual: null,
    source: "A:1927",
  }),
});
