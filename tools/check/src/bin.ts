import { apiDocsGate } from "./api-docs-gate.ts";
import { apiGate } from "./api-gate.ts";
import { boundariesGate } from "./boundaries-gate.ts";
import { browserGate } from "./browser-gate.ts";
import { commandsGate } from "./commands-gate.ts";
import { errorsGate } from "./errors-gate.ts";
import { examplesGate } from "./examples-gate.ts";
import { commandGate, type Gate } from "./gate.ts";
import { generatorGate } from "./generator-gate.ts";
import { interopGate } from "./interop-gate.ts";
import { killGate } from "./kill-gate.ts";
import { linksGate } from "./links-gate.ts";
import { NODE_VERSIONS, quickNodeGate } from "./node-gate.ts";
import { packagesGate } from "./packages-gate.ts";
import { pagesGate } from "./pages-gate.ts";
import { pruneGate } from "./prune-gate.ts";
import { publishGate } from "./publish-gate.ts";
import { runGates } from "./run-gates.ts";
import { snippetsGate } from "./snippets-gate.ts";
import { surfaceGate } from "./surface-gate.ts";
import { tasksGate } from "./tasks-gate.ts";
import { terminalGate } from "./terminal-gate.ts";
import { tutorialsGate } from "./tutorials-gate.ts";
import { typesGate } from "./types-gate.ts";
import { vitestGate } from "./vitest-gate.ts";

/** What fails fastest comes first; of those that run side by side at the end, the longest. */
const GATES: readonly Gate[] = [
  commandGate("format", "oxfmt", ["--check"]),
  commandGate("lint", "oxlint", ["--type-aware", "--deny-warnings"]),
  typesGate(),
  boundariesGate(),
  commandGate("knip", "knip", ["--no-config-hints"]),
  packagesGate(),
  linksGate(),
  pagesGate(),
  errorsGate(),
  apiGate(),
  apiDocsGate(),
  surfaceGate(),
  tasksGate(),
  // They write the folders that everything after them reads.
  commandGate("nx", "nx", ["run-many", "-t", "build"], { alone: true }),
  commandGate("turbo", "turbo", ["run", "build"], { alone: true }),
  vitestGate(),
  publishGate(),
  generatorGate(),
  browserGate(),
  tutorialsGate({ whole: false }),
  pruneGate(),
  terminalGate(),
  commandsGate(),
  killGate(),
  examplesGate(),
  ...NODE_VERSIONS.map(quickNodeGate),
  snippetsGate(),
  // All of it, ten minutes, is in check:deep.
  interopGate(
    "ray",
    ["--only", "head_of_its_own", "after_kill_9", "success_after_nothing", "each_part"],
    // Ray's own processes wait for each other with limits that a busy machine exceeds.
    { withoutPython: "skip", alone: true },
  ),
];

await runGates(GATES, process.argv.slice(2));
