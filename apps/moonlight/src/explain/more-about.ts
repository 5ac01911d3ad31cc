import { readCatalogue } from "./catalogue.ts";
import { pageLink } from "./page-link.ts";

/** What an error's last line says: the command that explains its code, and the page; undefined for a code that is not ours. */
export async function moreAbout(code: string): Promise<string | undefined> {
  const entry = (await readCatalogue()).find((one) => one.code === code);
  if (entry === undefined) return undefined;
  const link = pageLink(entry.page);
  return `moonlight explain ${code}${link === undefined ? "" : `, ${link}`}`;
}
