import { Args, describe } from "./args.ts";
import type { HfConfig } from "./hf-config.ts";
import { parseArgv, type ParsedArgv, type ParseFault } from "./parse-argv.ts";
import { PASSES } from "./passes.ts";
import { runSteps, type OverrideNote } from "./run-steps.ts";
import type { ArgvStage } from "./step.ts";
import type { FileState, World } from "./world.ts";
import type { Value } from "./flag-spec.ts";

/** What the verdict depends on besides the argv; everything may be left out. */
export interface ValidateOptions {
  /** The checkpoint's config.json; without it its checks are skipped. */
  readonly hfConfig?: HfConfig | undefined;
  /** `floatPaths` of that file's text: 27.0 is refused where 27 is taken. Default: either is taken. */
  readonly hfFloats?: ReadonlySet<string> | undefined;
  /** Environment of the job; default: CUDA_DEVICE_MAX_CONNECTIONS=1, which the launcher sets. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What is where; default: nothing is known, and nothing is held against a path. */
  readonly files?: FileState;
  /** CUDA compute capability (major) of the driver's node; default 9 (H100, H200). */
  readonly deviceMajor?: number;
  /** Whether a Python module can be imported there; default: unknown. */
  readonly importable?: (module: string) => boolean | undefined;
}

/** The reference's refusal. */
export interface Rejection {
  readonly stage: ArgvStage;
  /** Id of the broken rule. */
  readonly rule: string;
  /** file:line of the reference that refuses; null for argparse, which ends the program with 2. */
  readonly raisedAt: string | null;
  /** Part of the path where Python raises, when that is outside of the reference's code. */
  readonly outside?: string;
  /** The flags to look at, the likeliest culprit first. */
  readonly flags: readonly string[];
  readonly message: string;
  readonly fix: string;
}

export interface Verdict {
  readonly outcome: "accept" | "reject";
  readonly rejection?: Rejection;
  readonly parsed: ParsedArgv;
  /** The namespace as far as the validators came: on acceptance what the trainer would see. */
  readonly resolved: ReadonlyMap<string, Value>;
  /** Values that the reference sets or replaces without asking. */
  readonly notes: readonly OverrideNote[];
}

/**
 * Says of an argv what miles' own parser and validators would say: the first complaint in their order, or the values
 * that they resolve. Pure and synchronous; nothing is executed, files are only asked about through `files`.
 */
export function validateArgv(argv: readonly string[], options: ValidateOptions = {}): Verdict {
  const world = worldOf(options);
  const parsed = parseArgv(argv);
  const usage = usageFault(argv, parsed, world);
  if (usage !== undefined) {
    return { outcome: "reject", rejection: usage, parsed, resolved: parsed.namespace, notes: [] };
  }
  const args = new Args(parsed.namespace);
  const notes: OverrideNote[] = [];
  for (const pass of PASSES) {
    if (pass.applies !== undefined && !pass.applies(args)) continue;
    const subject = pass.scratch === true ? new Args(args.snapshot()) : args;
    const broken = runSteps(pass.steps, subject, world, notes);
    if (broken === undefined) continue;
    const { id, at, outside, flags, message, fix } = broken;
    const rejection: Rejection = {
      stage: pass.stage,
      rule: id,
      raisedAt: at,
      ...(outside === undefined ? {} : { outside }),
      flags,
      message,
      fix,
    };
    return { outcome: "reject", rejection, parsed, resolved: args.snapshot(), notes };
  }
  return { outcome: "accept", parsed, resolved: args.snapshot(), notes };
}

const UNKNOWN_FILES: FileState = { kind: () => "unknown", read: () => undefined };

function worldOf(options: ValidateOptions): World {
  const env = options.env ?? { CUDA_DEVICE_MAX_CONNECTIONS: "1" };
  return {
    hfConfig: options.hfConfig,
    hfFloats: options.hfFloats,
    env: (name) => env[name],
    files: options.files ?? UNKNOWN_FILES,
    deviceMajor: options.deviceMajor ?? 9,
    importable: options.importable ?? (() => undefined),
  };
}

/** The parser that looks for the backend comes first, so a bad flag of miles wins over a bad one of Megatron. */
function usageFault(
  argv: readonly string[],
  parsed: ParsedArgv,
  world: World,
): Rejection | undefined {
  if (world.env("MILES_BACKEND") !== undefined) {
    return refused("argv-old-backend", [], "MILES_BACKEND is set, which miles no longer reads", {
      at: "miles/utils/arguments.py:2700",
      fix: "Unset MILES_BACKEND and use --train-backend.",
    });
  }
  const first = parseArgv(argv, "backend");
  if (first.fault !== undefined) return usage(first.fault);
  const backend = first.namespace.get("train_backend") ?? null;
  if (backend !== "megatron") {
    const message = `the flags of Megatron are unknown to ${describe(backend)}`;
    return refused("argv-backend", ["--train-backend"], message, {
      at: null,
      fix: "Use --train-backend megatron.",
    });
  }
  if (parsed.fault !== undefined) return usage(parsed.fault);
  return yamlFault(parsed, world);
}

/** Megatron's YAML takes the place of all arguments, and what it leaves out is not there at all. */
function yamlFault({ namespace }: ParsedArgv, world: World): Rejection | undefined {
  const path = namespace.get("yaml_cfg") ?? null;
  if (typeof path !== "string") return undefined;
  const readable = ["file", "unknown"].includes(world.files.kind(path));
  const at =
    path === "" ? "arguments.py:107" : readable ? "arguments.py:117" : "yaml_arguments.py:427";
  const message = "Megatron's YAML replaces every argument, those of miles as well";
  return refused("argv-yaml", ["--yaml-cfg"], message, {
    at: `megatron/training/${at}`,
    fix: "Drop --yaml-cfg: miles takes its arguments from the command line.",
  });
}

function usage({ flag, message, type }: ParseFault): Rejection {
  const names = flag?.spec.names ?? [];
  const site = type === "usage" ? undefined : UNCAUGHT[type];
  const text = names.length > 0 ? `argument ${names.join("/")}: ${message}` : message;
  const rejection = refused("argv-usage", names.slice(0, 1), text, {
    at: site?.at ?? null,
    fix: "Correct the argument; --help of train.py lists what it takes.",
  });
  return site?.outside === undefined ? rejection : { ...rejection, outside: site.outside };
}

/** Where the exceptions come from that argparse lets through. */
const UNCAUGHT: Readonly<Record<string, { readonly at: string; readonly outside?: string }>> = {
  KeyError: { at: "megatron/training/argument_utils.py:92", outside: "enum" },
  SyntaxError: { at: "megatron/training/arguments.py:206" },
};

function refused(
  rule: string,
  flags: readonly string[],
  message: string,
  { at, fix }: { at: string | null; fix: string },
): Rejection {
  return { stage: "argparse", rule, raisedAt: at, flags, message, fix };
}
