import { artifact, unkeyed } from "@moonlight-rl/pipeline";
import { z } from "zod";

const repository = (text: string): z.ZodString => z.string().min(1).describe(text);
const revisionOf = (of: string): z.ZodDefault<z.ZodString> =>
  z
    .string()
    .min(1)
    .default("main")
    .describe(`branch, tag or commit of ${of}; pinned to its commit before anything is fetched`);

const repositories = {
  model: repository("model repository, org/name"),
  promptData: repository("dataset repository with the training prompts, org/name"),
  evalData: repository("dataset repository with the evaluation problems, org/name"),
};

const settings = {
  revision: revisionOf("the model"),
  promptRevision: revisionOf("the prompts"),
  evalRevision: revisionOf("the problems"),
  promptFile: z
    .string()
    .min(1)
    .optional()
    .describe("data file of the prompts; only needed when the repository has several"),
  evalFile: z
    .string()
    .min(1)
    .optional()
    .describe("data file of the problems; only needed when the repository has several"),
  allow: z
    .array(z.string().min(1))
    .optional()
    .describe("take these files of the model (pattern with * and ?) instead of what is needed"),
  ignore: z
    .array(z.string().min(1))
    .default([])
    .describe("leave out these files of the model (pattern)"),
  endpoint: unkeyed(
    z
      .string()
      .min(1)
      .optional()
      .describe("address of the Hub (default HF_ENDPOINT, else huggingface.co)"),
  ),
  localDir: unkeyed(
    z
      .string()
      .min(1)
      .optional()
      .describe(
        "also keep the files in this folder, as hf download --local-dir has them (one repository)",
      ),
  ),
  rate: unkeyed(
    z
      .number()
      .positive()
      .optional()
      .describe("megabytes per second that --dry-run reckons with to say how long it takes"),
  ),
  timeLimit: unkeyed(
    z
      .number()
      .positive()
      .optional()
      .describe("minutes after which it gives up (exit code 75); run again, it goes on"),
  ),
  connections: unkeyed(
    z
      .int()
      .min(1)
      .max(64)
      .default(16)
      .describe("the most requests in flight at once, over all files"),
  ),
};

const artifacts = {
  model: artifact("hf-model"),
  promptData: artifact("hf-dataset"),
  evalData: artifact("hf-dataset"),
};

/** Any of the three repositories: what the command line takes. */
export const fetchInput = z.strictObject({
  model: repositories.model.optional(),
  promptData: repositories.promptData.optional(),
  evalData: repositories.evalData.optional(),
  ...settings,
});

/** Of what was asked for. */
export const fetchOutput = z.object({
  model: artifacts.model.optional(),
  promptData: artifacts.promptData.optional(),
  evalData: artifacts.evalData.optional(),
});

/** All three repositories: what a pipeline needs, and what its plan can reason about. */
export const assetsInput = z.strictObject({ ...repositories, ...settings });
export const assetsOutput = z.object(artifacts);

export type FetchInput = z.output<typeof fetchInput>;
export type Assets = z.output<typeof assetsOutput>;
