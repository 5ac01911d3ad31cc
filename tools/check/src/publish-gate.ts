import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatDuration } from "@moonlight-rl/core";
import type { Gate, Verdict } from "./gate.ts";
import { publishLast } from "./publishing/last-published.ts";
import { startRegistry } from "./publishing/local-registry.ts";
import { oneStage } from "./publishing/one-stage.ts";
import { releaseAll } from "./publishing/release.ts";
import { LAST, versionsApart } from "./publishing/versions-apart.ts";
import { runSteps } from "./workspace/steps.ts";

/**
 * Publishes what was published last, then all of today's packages as a maintainer does, to a registry of our own; strangers install
 * one stage, and stages of both versions, and use them.
 */
export function publishGate(): Gate {
  return {
    name: "publish",
    async run() {
      const root = await mkdtemp(join(tmpdir(), "moonlight-publish-"));
      const registry = await startRegistry(join(root, "registry"));
      try {
        return await check(root, registry.url);
      } finally {
        await registry.close();
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

async function check(root: string, registry: string): Promise<Verdict> {
  const last = await publishLast(LAST, registry, root);
  const release = await releaseAll(registry, root);
  const started = performance.now();
  const one = await runSteps(oneStage(root, registry));
  const consumed = (performance.now() - started) / 1000;
  const { install, release: released } = release.seconds;
  const notes = [
    `clean copy → npm ci ${formatDuration(install)} → npm run release ${formatDuration(released)} → installed, run and compiled by a stranger ${formatDuration(consumed)}`,
  ];
  if (last === undefined)
    return {
      passed: release.packages.size + one.passed,
      failures: one.failures,
      notes,
      skipped: [
        "versions apart: this checkout has no history to build the last published one from",
      ],
    };
  notes.push(`last published: ${last.from}`);
  const apart = await runSteps(versionsApart(root, registry, release, last));
  return {
    passed: release.packages.size + one.passed + apart.passed,
    failures: [...one.failures, ...apart.failures],
    notes,
  };
}
