import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gate, Verdict } from "./gate.ts";
import { runTutorial } from "./tutorials/run-tutorial.ts";
import { copyWorkspace } from "./workspace/copy-workspace.ts";

const PAGES = [
  "docs/tutorials/01-first-run.md",
  "docs/tutorials/02-read-the-result.md",
  "docs/tutorials/03-one-stage-at-a-time.md",
  "docs/tutorials/04-your-own-pipeline.md",
  "docs/tutorials/05-evaluate-any-endpoint.md",
  "docs/tutorials/07-production-on-miles.md",
];
/** What it runs is run by the gate `generator` as well. */
const WHOLE_PAGES = [...PAGES, "docs/tutorials/06-stage-packages.md"];

/** Everything of a run that takes time, cut short; in a folder above the checkout, where a reader would have such settings. */
const SHORT = {
  run: {
    set: [
      "rollout.numRollout=6",
      "rollout.rolloutBatchSize=16",
      "rollout.overSamplingBatchSize=32",
      "checkpoint.saveInterval=2",
      "eval.interval=3",
      "eval.nSamplesPerPrompt=1",
    ],
  },
};

/**
 * A newcomer's path through the tutorials, word for word, in a fresh checkout. `whole`: with nothing built and with trainings as
 * long as the pages have them; otherwise with this repository's builds and short trainings.
 */
export function tutorialsGate({ whole }: { readonly whole: boolean }): Gate {
  return {
    name: "tutorials",
    async run() {
      // Without links, so that the paths that commands print can be recognised.
      const root = await realpath(await mkdtemp(join(tmpdir(), "moonlight-newcomer-")));
      try {
        return await follow(root, whole);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

async function follow(root: string, whole: boolean): Promise<Verdict> {
  const home = join(root, "moonlight-rl");
  await mkdir(home);
  await copyWorkspace(home, { built: !whole });
  if (!whole) await writeFile(join(root, "moonlight.config.json"), JSON.stringify(SHORT));
  const env = { npm_config_prefer_offline: "true", npm_config_update_notifier: "false" };
  let passed = 0;
  for (const page of whole ? WHOLE_PAGES : PAGES) {
    const { steps, failure } = await runTutorial(page, { home, env, shownAs: "~/moonlight-rl" });
    passed += steps;
    // The next page begins where this one was to end.
    if (failure !== undefined) return { passed, failures: [failure] };
  }
  return { passed, failures: [] };
}
