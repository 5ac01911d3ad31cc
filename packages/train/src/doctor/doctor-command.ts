import { formatTable, PreflightError, wrapText } from "@moonlight-rl/core";
import { defineSubcommand, PLAIN_SCREEN } from "@moonlight-rl/pipeline";
import { doctorInput, doctorOutput, type DoctorCheck } from "./doctor-schema.ts";

/** `moonlight doctor`: whether this machine, or a Ray cluster, can carry a recipe out. */
export const doctor = defineSubcommand({
  name: "doctor",
  title:
    "Look whether this machine, or a Ray cluster, can run a recipe. Changes nothing, kills nothing.",
  examples: [
    "",
    "--profile moonlight-16b-a3b --root /root",
    "--recipe ./recipe --ray-address auto --json",
  ],
  input: doctorInput,
  output: doctorOutput,
  run: async (input, context) => (await import("./examine.ts")).examine(input, context),
  present({ checks, errors, warnings }, { columns: width, colors } = PLAIN_SCREEN) {
    const marks = { ok: colors.green("✓"), warning: colors.yellow("!"), error: colors.red("✗") };
    const rows = checks.map(({ host, id, status, seen }) => [marks[status], host, id, seen]);
    const table = formatTable(
      [{ title: "" }, { title: "host" }, { title: "check" }, { title: "seen" }],
      rows,
      { width },
    );
    const fixes = [...idsByFix(checks)].map(
      ([fix, ids]) =>
        `${wrapText(`${[...ids].join(", ")}: ${fix}`, { width: width ?? Number.POSITIVE_INFINITY, rest: "  " })}\n`,
    );
    return `${table}\n\n${fixes.join("")}${fixes.length === 0 ? "" : "\n"}${errors} errors, ${warnings} warnings`;
  },
  verdict({ checks, errors }) {
    const first = checks.find(({ status }) => status === "error");
    return first === undefined
      ? undefined
      : new PreflightError(
          "DOCTOR_ERRORS",
          `${errors} things stand in the way; the first: ${first.id}, ${first.seen}`,
          {
            field: first.id,
            ...(first.fix === undefined ? {} : { hint: first.fix }),
          },
        );
  },
});

/** What several checks ask for is said once. */
function idsByFix(checks: readonly DoctorCheck[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { id, fix } of checks)
    if (fix !== undefined) found.set(fix, (found.get(fix) ?? new Set()).add(id));
  return found;
}
