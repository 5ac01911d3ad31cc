import { homedir } from "node:os";
import { join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** HF_HOME, else `huggingface` in XDG_CACHE_HOME or `~/.cache`: where Hugging Face's tools keep tokens and the shared cache. */
export function hfHome(environment: Environment = process.env): string {
  const given = variable(environment, "HF_HOME");
  if (given !== undefined) return given;
  const cache = variable(environment, "XDG_CACHE_HOME") ?? join(homedir(), ".cache");
  return join(cache, "huggingface");
}

/** HF_HUB_CACHE (formerly HUGGINGFACE_HUB_CACHE), else `hub` in `hfHome`: the shared cache of repositories. */
export function hfCacheFolder(environment: Environment = process.env): string {
  return (
    variable(environment, "HF_HUB_CACHE") ??
    variable(environment, "HUGGINGFACE_HUB_CACHE") ??
    join(hfHome(environment), "hub")
  );
}

/** A path from the environment, with `~` and `$NAME` filled in as Python's own client does. */
function variable(environment: Environment, name: string): string | undefined {
  const text = environment[name]?.trim();
  if (text === undefined || text === "") return undefined;
  const filled = text.replaceAll(
    /\$(?:(\w+)|\{(\w+)\})/g,
    (whole, bare?: string, braced?: string) => environment[bare ?? braced ?? ""] ?? whole,
  );
  return resolve(filled.replace(/^~(?=$|\/)/, homedir()));
}
