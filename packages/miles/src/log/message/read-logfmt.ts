const MAX_FIELDS = 256;
const FIELD = /([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** `op=train phase=start reason="all alive cells failed"` as fields; stops where that form ends. */
export function readLogfmt(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  let at = 0;
  for (let count = 0; count < MAX_FIELDS && at < text.length; count++) {
    FIELD.lastIndex = at;
    const found = FIELD.exec(text);
    if (found === null) break;
    const [all, key = "", value = ""] = found;
    if (key !== "__proto__")
      fields[key] = value.startsWith('"')
        ? value.slice(1, -1).replaceAll(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter)
        : value;
    at += all.length;
    while (text.charAt(at) === " ") at++;
  }
  return fields;
}
