import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** npm's flags for publishing to a registry of our own, which takes packages from anybody on this machine but wants to see a token. */
export async function publisherSettings(registry: string, root: string): Promise<string[]> {
  return [
    `--registry=${registry}`,
    `--userconfig=${await publisherConfig(registry, root)}`,
    "--tag=latest",
  ];
}

/** An `.npmrc` as a company's publisher has it: which registry, and a token for it. */
export async function publisherConfig(registry: string, root: string): Promise<string> {
  const file = join(root, "publisher.npmrc");
  await writeFile(file, `registry=${registry}\n//${new URL(registry).host}/:_authToken=nobody\n`);
  return file;
}
