import { describe, type Args } from "../args.ts";
import { miles, override, rule, type Step } from "../step.ts";

/** Multi-turn sessions and their chat template. */
const V2_EXCLUDES = [
  ["group_rm", "--group-rm"],
  ["partial_rollout", "--partial-rollout"],
  ["recompute_logprobs_via_prefill", "--recompute-logprobs-via-prefill"],
] as const;

/** What each named template family insists on, and whether the reference ships a template for it. */
const FAMILIES: Readonly<
  Record<string, readonly [bundled: boolean, key?: string, value?: boolean]>
> = {
  qwen3: [true, "clear_thinking", false],
  qwen35: [true, "clear_thinking", false],
  qwennext: [true, "clear_thinking", false],
  glm47: [false, "clear_thinking", false],
  nemotron3: [false, "truncate_history_thinking", false],
  kimi25: [true, "preserve_thinking", true],
  kimi26: [false, "preserve_thinking", true],
  minimax_m25: [true, "clear_thinking", false],
  minimax_m27: [true, "clear_thinking", false],
  deepseekv32: [false, "drop_thinking", false],
  deepseekv4: [false, "drop_thinking", false],
  inkling: [true],
};

const family = (a: Args): (typeof FAMILIES)[string] | undefined =>
  FAMILIES[a.text("tito_model") ?? ""];

function templateArguments(a: Args): Record<string, unknown> {
  const given = a.get("apply_chat_template_kwargs");
  return given !== null && typeof given === "object" && !Array.isArray(given) ? { ...given } : {};
}

/** Multi-turn sessions and their chat template. */
export const SESSION_STEPS: readonly Step[] = [
  rule(
    "session-server-version",
    miles(2847),
    ["--use-session-server"],
    "there is no such version of the session server",
    "Use the bare flag, v1 or v2.",
    (a) => !a.isOneOf("use_session_server", false, true, "v1", "v2"),
  ),
  rule(
    "session-server-v2",
    miles(2864),
    ["--use-session-server", ...V2_EXCLUDES.map(([, flag]) => flag)],
    "version 2 of the session server returns several samples a session, which these flags cannot take",
    "Use v1, or leave the other flags out.",
    (a) => a.is("use_session_server", "v2") && V2_EXCLUDES.some(([name]) => a.on(name)),
  ),
  rule(
    "session-template-family",
    miles(2869),
    ["--tito-model", "--use-session-server"],
    "the flag configures the session server, which is off",
    "Add --use-session-server.",
    (a) => !a.on("use_session_server") && !a.is("tito_model", "default"),
  ),
  override(
    "debug-no-optimizer-state",
    miles(2888),
    ["--debug-disable-optimizer"],
    "without an optimizer its state is neither loaded nor saved",
    (a) => {
      if (!a.on("debug_disable_optimizer")) return;
      a.set("no_load_optim", true);
      a.set("no_save_optim", true);
    },
  ),
  override(
    "chat-template-autofix",
    miles(2899),
    ["--chat-template-path"],
    "autofix is an old word for leaving the flag out",
    (a) => {
      if (a.is("chat_template_path", "autofix")) a.set("chat_template_path", null);
    },
  ),
  rule(
    "chat-template-family",
    miles(2909),
    ["--chat-template-path", "--tito-model"],
    "a named family brings its own template",
    "Leave one of the two out.",
    (a) => !a.is("tito_model", "default") && !a.none("chat_template_path"),
  ),
  rule(
    "chat-template-arguments",
    miles(2920),
    ["--apply-chat-template-kwargs", "--tito-model"],
    "the family's template needs another value",
    "Drop the key from --apply-chat-template-kwargs.",
    (a) => {
      const [, key, value] = family(a) ?? [false];
      const given = key === undefined ? undefined : templateArguments(a)[key];
      return given !== undefined && given !== value
        ? { reason: `${key ?? ""} must be ${describe(value ?? null)} for this family` }
        : false;
    },
  ),
  rule(
    "chat-template-file",
    miles(2929),
    ["--chat-template-path"],
    "there is no such template file",
    "Point it at a Jinja file that the driver can see.",
    (a, { files }) => {
      const path = a.text("chat_template_path");
      return path !== null && !["file", "unknown"].includes(files.kind(path));
    },
  ),
  override("chat-template-engine", miles(2930), ["--chat-template-path"], null, (a) => {
    if (!a.none("chat_template_path")) a.set("sglang_chat_template", a.get("chat_template_path"));
  }),
];
