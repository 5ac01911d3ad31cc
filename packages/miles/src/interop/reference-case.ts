import { z } from "zod";
import { floatPaths } from "../argv/float-paths.ts";
import type { PathKind } from "../argv/world.ts";
import type { ValidateOptions } from "../argv/validate-argv.ts";

/** One configuration that the reference's own parser and validators judged, and what they said. */
const referenceCaseSchema = z.object({
  id: z.string(),
  mutations: z.array(z.string()),
  /** Flag → null (bare), one value or several; replaces the last occurrence. */
  set: z.record(z.string(), z.union([z.null(), z.string(), z.array(z.string())])).default({}),
  unset: z.array(z.string()).default([]),
  append: z.array(z.string()).default([]),
  /** Overrides of config.json; "__delete__" removes the key. */
  hf_config: z.record(z.string(), z.unknown()).default({}),
  env: z.record(z.string(), z.string().nullable()).default({}),
  fs: z
    .object({
      save: z.string().default("absent"),
      ref: z.string().default("tracker:release"),
      files: z.record(z.string(), z.string()).default({}),
    })
    .default({ save: "absent", ref: "tracker:release", files: {} }),
  outcome: z.enum(["accept", "reject"]),
  stage: z.string().optional(),
  where: z.string().optional(),
  raised_at: z.string().nullish(),
  message: z.string().optional(),
  resolved: z.record(z.string(), z.unknown()).optional(),
});

export type ReferenceCase = z.infer<typeof referenceCaseSchema> & {
  /** Where `hf_config` writes a number as a float. */
  readonly hfFloats: ReadonlySet<string>;
};

/** What a case changes, without what was said of it. */
export type CaseInput = "set" | "unset" | "append" | "hf_config" | "env" | "fs" | "hfFloats";

/** A case as a line of a recording has it. */
export function readReferenceCase(line: string): ReferenceCase {
  return {
    ...referenceCaseSchema.parse(JSON.parse(line)),
    hfFloats: floatsBelow("hf_config.", floatPaths(line)),
  };
}

function floatsBelow(place: string, floats: ReadonlySet<string>): Set<string> {
  const below = [...floats].filter((path) => path.startsWith(place));
  return new Set(below.map((path) => path.slice(place.length)));
}

/** Everything that all cases start from. */
export interface CaseBase {
  /** Symbolic paths: {hf}, {ref}, {save}, {data}. */
  readonly argv: readonly string[];
  readonly hfConfig: Readonly<Record<string, unknown>>;
  readonly hfFloats: ReadonlySet<string>;
}

/** The base of a recording: an argv in `{ "argv": […] }`, and a config.json. */
export function readCaseBase(argv: string, config: string): CaseBase {
  return {
    argv: z.object({ argv: z.array(z.string()) }).parse(JSON.parse(argv)).argv,
    hfConfig: z.record(z.string(), z.unknown()).parse(JSON.parse(config)),
    hfFloats: floatPaths(config),
  };
}

/** The argv of a case: what is unset goes, what is set replaces the last occurrence or comes at the end, raw tokens last. */
export function caseArgv(testCase: Pick<ReferenceCase, CaseInput>, base: CaseBase): string[] {
  let groups = grouped(base.argv).filter(([flag]) => !testCase.unset.includes(flag ?? ""));
  for (const [flag, value] of Object.entries(testCase.set)) {
    const group = [flag, ...(value === null ? [] : [value].flat())];
    const last = groups.findLastIndex(([name]) => name === flag);
    if (last === -1) groups.push(group);
    else {
      groups[last] = group;
      groups = groups.filter(([name], index) => name !== flag || index === last);
    }
  }
  return [...groups.flat(), ...testCase.append];
}

function grouped(argv: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (const argument of argv) {
    const open = groups.at(-1);
    if (argument.startsWith("--") || open === undefined) groups.push([argument]);
    else open.push(argument);
  }
  return groups;
}

/** config.json, environment and files as the case describes them. */
export function caseOptions(
  testCase: Pick<ReferenceCase, CaseInput>,
  base: CaseBase,
): ValidateOptions {
  const { ORACLE_DEVICE_CC: capability, ...env } = testCase.env;
  const kept = [...base.hfFloats].filter(
    (path) => !((path.split(".")[0] ?? "") in testCase.hf_config),
  );
  return {
    hfFloats: new Set([...kept, ...testCase.hfFloats]),
    hfConfig: Object.fromEntries(
      Object.entries({ ...base.hfConfig, ...testCase.hf_config }).filter(
        ([, value]) => value !== "__delete__",
      ),
    ),
    env: Object.fromEntries(
      Object.entries({ CUDA_DEVICE_MAX_CONNECTIONS: "1", ...env }).map(([name, value]) => [
        name,
        value ?? undefined,
      ]),
    ),
    files: {
      kind: (path) => kindOf(path, testCase),
      read: (path) => testCase.fs.files[path.replace("{data}/", "")],
    },
    deviceMajor: Number((capability ?? "9.0").split(".")[0]),
    importable: (module) => module.startsWith("miles"),
  };
}

const TRACKER = "/latest_checkpointed_iteration.txt";

function kindOf(path: string, { fs }: Pick<ReferenceCase, "fs">): PathKind {
  const clean = path.replace(/\/+$/, "");
  if (clean === "{hf}" || clean === "{data}") return "directory";
  if (clean === "{hf}/config.json") return "file";
  if (clean.startsWith("{data}/")) return clean.slice(7) in fs.files ? "file" : "absent";
  for (const [name, state] of [
    ["{save}", fs.save],
    ["{ref}", fs.ref],
  ] as const) {
    if (clean === name) return state === "absent" ? "absent" : "directory";
    if (clean === `${name}${TRACKER}`) return state.startsWith("tracker:") ? "file" : "absent";
  }
  return "absent";
}
