import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT_CODE } from "@moonlight-rl/core";
import { Command } from "commander";
import { failure, hasCases, hasLiveCheck, runCases, runLive } from "./run-topic.ts";
import { skipLine, type Count } from "./tally.ts";
import { TOPICS, type Topic } from "./topics.ts";

interface Flags {
  readonly cases?: string;
  readonly miles?: string;
  readonly megatron?: string;
  readonly only?: readonly string[];
  readonly update?: true;
  readonly seed?: string;
  readonly count?: string;
}

const program = new Command("interop")
  .description("Cross-checks Moonlight RL with the reference's own tools, live.")
  .argument("[topic...]", "default: all that have a live check")
  .option("--cases <file>", "compare with recorded cases (.jsonl or .jsonl.gz) instead; no Python")
  .option("--miles <folder>", "checkout of miles, for checks that run its code")
  .option("--megatron <folder>", "checkout of Megatron-LM, likewise")
  .option("--only <words...>", "parts whose names have one of these words; of the topic ray")
  .option("--seed <number>", "what generated cases come from; of recipe and reward")
  .option("--count <number>", "how many of them; of recipe and reward")
  .option("--update", "write the golden files that the check makes")
  .addHelpText(
    "after",
    `\nTopics:\n${TOPICS.map((topic) => `  ${topic.name.padEnd(11)} ${topic.what}${remark(topic)}`).join("\n")}

The last line is "N passed, N failed". Exit code: 0 all passed, 1 some failed, 2 there is no such check.`,
  )
  .action(main);

await program.parseAsync();

async function main(names: readonly string[], flags: Flags): Promise<void> {
  const topics = names.length === 0 ? TOPICS : names.map(topicOf);
  const has = flags.cases === undefined ? hasLiveCheck : hasCases;
  const without = topics.filter((topic) => !has(topic));
  const what = flags.cases === undefined ? "live check" : "comparison with cases";
  if (names.length > 0 && without.length > 0)
    usage(`${without.map(({ name }) => name).join(", ")}: there is no ${what} yet`);
  if (flags.cases !== undefined && topics.length !== 1) usage("--cases is for one topic");
  if (flags.only !== undefined && !topics.every(({ parts }) => parts === true))
    usage("--only is for topics that have parts");
  for (const number of [flags.seed, flags.count])
    if (number !== undefined && !/^\d{1,9}$/.test(number)) usage(`${number} is not a whole number`);
  if ((flags.seed ?? flags.count) !== undefined && !topics.every(({ seeds }) => seeds === true))
    usage("--seed and --count are for topics that generate what they compare");
  for (const path of [flags.cases, flags.miles, flags.megatron])
    if (path !== undefined && !existsSync(path)) usage(`${path} does not exist`);

  const stop = new AbortController();
  // Listeners that stay: after the last one is gone, execa's own ends the process before anything is tidied up.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      stop.abort();
    });
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const topic of topics) {
    if (stop.signal.aborted) break;
    if (topics.length > 1) console.log(`\n${topic.name}: ${topic.what}`);
    const count = has(topic) ? await check(topic, flags, stop.signal) : none(what);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
  }
  if (total.skipped > 0) console.log(`\n${total.skipped} skipped`);
  // One check has just said it itself.
  if (total.skipped > 0 || topics.length > 1)
    console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = stop.signal.aborted
    ? EXIT_CODE.interrupted
    : total.failed === 0
      ? EXIT_CODE.ok
      : EXIT_CODE.failed;
}

async function check(topic: Topic, flags: Flags, signal: AbortSignal): Promise<Count> {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  try {
    return flags.cases === undefined
      ? await runLive(
          topic,
          {
            miles: absolute(flags.miles),
            megatron: absolute(flags.megatron),
            update: flags.update === true,
            seed: flags.seed,
            count: flags.count,
            ...(flags.only === undefined ? {} : { only: flags.only }),
          },
          signal,
        )
      : await runCases(topic, resolve(flags.cases), signal);
  } catch (error) {
    return failure(`${topic.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function none(what: string): Count {
  console.log(skipLine(1, `there is no ${what} yet`));
  return { passed: 0, failed: 0, skipped: 1 };
}

function topicOf(name: string): Topic {
  return (
    TOPICS.find((topic) => topic.name === name) ??
    usage(`there is no topic ${name}; topics are ${TOPICS.map((topic) => topic.name).join(", ")}`)
  );
}

function usage(message: string): never {
  return program.error(`error: ${message}`, { exitCode: EXIT_CODE.usage });
}

function remark(topic: Topic): string {
  const has = [hasLiveCheck(topic) && "live", hasCases(topic) && "--cases"].filter(Boolean);
  return ` (${has.length === 0 ? "not built" : has.join(", ")})`;
}
