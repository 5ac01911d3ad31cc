import { UsageError } from "@moonlight-rl/core";
import type { RepoFile } from "../client/repo-listing.ts";
import type { RepoType } from "../protocol/repo.ts";

/** Which files of a repository to take. Patterns are those of `hf download`: `*` also crosses slashes. */
export interface Selection {
  /** Take what matches any of these instead of what the pipeline needs by default. */
  readonly allow?: readonly string[];
  /** Leave out what matches any of these, whatever `allow` says. */
  readonly ignore?: readonly string[];
}

export interface Selected {
  readonly files: readonly RepoFile[];
  readonly leftOut: readonly RepoFile[];
}

/** Splits a listing into what is taken and what is left out. Errors: `HUB_NOTHING_SELECTED`. */
export function selectFiles(
  type: RepoType,
  listing: readonly RepoFile[],
  selection: Selection = {},
): Selected {
  const byDefault = type === "model" ? modelNeeds(listing) : datasetNeeds(listing);
  const allow = selection.allow === undefined ? byDefault : anyOf(selection.allow);
  const ignore = anyOf(selection.ignore ?? []);
  const files = listing.filter((file) => allow(file.path) && !ignore(file.path));
  const taken = new Set(files);
  const leftOut = listing.filter((file) => !taken.has(file));
  if (files.length > 0) return { files, leftOut };
  const names = listing.slice(0, 8).map((file) => file.path);
  throw new UsageError("HUB_NOTHING_SELECTED", `No file of this ${type} repository is wanted`, {
    hint: `It has ${listing.length === 0 ? "no files" : names.join(", ")}${listing.length > names.length ? ", …" : ""}; widen --allow.`,
  });
}

type Wanted = (path: string) => boolean;

const MODEL_FILES =
  /^(?:[^/]+\.(?:json|jinja|py|model|tiktoken)|merges\.txt|vocab\.txt|(?:LICENSE|NOTICE)[^/]*)$/i;
const MODEL_SHARD = /^model(?:-\d+-of-\d+)?\.safetensors$/;

/** Top-level configuration, tokenizer, custom code and safetensors: no second copy of the weights in another format. */
function modelNeeds(listing: readonly RepoFile[]): Wanted {
  const standard = listing.some((file) => MODEL_SHARD.test(file.path));
  const weights = standard ? MODEL_SHARD : /^[^/]+\.safetensors$/;
  const otherIndex = /\.(?:bin|h5|msgpack)\.index\.json$/;
  return (path) => (weights.test(path) || MODEL_FILES.test(path)) && !otherIndex.test(path);
}

/** Rows as JSON lines; Parquet only when there are none. */
function datasetNeeds(listing: readonly RepoFile[]): Wanted {
  const lines = listing.some((file) => file.path.endsWith(".jsonl"));
  const rows = lines ? /\.jsonl$/ : /\.(?:parquet|json)$/;
  return (path) => rows.test(path) || /^(?:LICENSE|NOTICE)[^/]*$/i.test(path);
}

function anyOf(patterns: readonly string[]): Wanted {
  const expressions = patterns.map(globExpression);
  return (path) => expressions.some((expression) => expression.test(path));
}

/** `*`, `?` and `[…]` as the shell's fnmatch has them; a trailing slash takes the whole folder. */
function globExpression(pattern: string): RegExp {
  const glob = pattern.endsWith("/") ? `${pattern}*` : pattern;
  const source = glob.replaceAll(/\[!?[^\]/]+\]|[\s\S]/g, (part) => {
    if (part === "*") return "[\\s\\S]*";
    if (part === "?") return "[\\s\\S]";
    if (part.length > 1)
      return part
        .replaceAll("\\", "\\\\")
        .replace(/^\[!/, "[^")
        .replace(/^\[\^(?=.*\^)/, "[^");
    return part.replaceAll(/[.+^${}()|[\]\\/]/g, "\\$&");
  });
  return new RegExp(`^${source}$`);
}
