/**
 * Why a file name of a repository must not be used as a path below a folder, or undefined when it is safe.
 * A Hub is not trusted: a name could climb out of the folder or mean a device on some system.
 */
export function unsafePath(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.length > 1024) return "it is longer than 1024 characters";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001F\u007F]/.test(path)) return "it has control characters";
  if (path.includes("\\")) return "it has a backslash";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "it is absolute";
  for (const segment of path.split("/")) {
    if (segment === "") return "it has an empty folder name";
    if (segment === "." || segment === "..") return `it has the folder ${segment}`;
    if (Buffer.byteLength(segment) > 255) return "it has a name longer than 255 bytes";
  }
  return undefined;
}

/** A path as it appears in an address: each segment encoded, slashes kept. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
