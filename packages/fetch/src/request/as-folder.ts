/** A name that begins like a path is one; a repository never does. */
export function asFolder(name: string): string | undefined {
  return /^(?:\.{1,2}(?:\/|$)|\/|~\/)/.test(name) ? name : undefined;
}
