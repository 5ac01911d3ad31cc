// What a user of @huggingface/hub writes: the whole repository into a cache folder.
//   node snapshot-download.mjs ENTRY-OF-THE-PACKAGE ENDPOINT REPO FOLDER
const [entry, hubUrl, repo, cacheDir] = process.argv.slice(2);
const { snapshotDownload } = await import(entry);
await snapshotDownload({ hubUrl, repo, cacheDir });
