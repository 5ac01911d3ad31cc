import type { VNode } from "preact";
import type { ArtifactAnswer } from "../../api/artifacts.ts";
import { setQuery } from "../app/place.ts";
import { useAnswer } from "../data/use-answer.ts";
import { count, formatBytes, plain, short, when } from "../data/words.ts";
import { Digest } from "../parts/digest.tsx";
import { Show } from "../parts/state.tsx";

type Node = ArtifactAnswer["lineage"][number];
type Files = ArtifactAnswer["fileList"];

export function ArtifactDetails({ digest }: { readonly digest: string }): VNode {
  const answer = useAnswer<ArtifactAnswer>(`/api/artifacts/${digest}`);
  return (
    <Show answer={answer} rows={6}>
      {(artifact) => (
        <>
          <section class="card" aria-label="The artifact">
            <header>
              <h2>{artifact.kind}</h2>
              <Digest value={artifact.digest} whole />
            </header>
            <dl class="facts">
              {artifact.path !== undefined && <Fact name="folder" value={artifact.path} />}
              {artifact.producer !== undefined && <Fact name="stage" value={artifact.producer} />}
              {artifact.created !== undefined && (
                <Fact name="made" value={when(artifact.created)} />
              )}
              {Object.entries(artifact.meta).map(([name, value]) => (
                <Fact key={name} name={name} value={plain(value)} />
              ))}
            </dl>
            <FileTable files={artifact.fileList} total={artifact.files} open />
            <details>
              <summary>Who made it, when and where</summary>
              <pre class="text">{JSON.stringify(artifact.provenance, undefined, 2)}</pre>
            </details>
          </section>
          <section class="lineage" aria-label="Lineage">
            <h2>
              {artifact.lineage.length === 0
                ? "Made from nothing that is recorded"
                : `Made from ${count(artifact.lineage.length, "artifact")}`}
            </h2>
            <ol>
              {artifact.lineage.map((node) => (
                <Ancestor key={node.digest} node={node} />
              ))}
            </ol>
          </section>
        </>
      )}
    </Show>
  );
}

/** One of the artifacts that something was made from; further ones stand further in. */
function Ancestor({ node }: { readonly node: Node }): VNode {
  const { digest, kind, depth, producer, present, files, bytes, fileList, from, meta } = node;
  const source = meta["repo"];
  return (
    <li class="card" style={{ marginInlineStart: `${(depth - 1) * 24}px` }}>
      <header>
        <b>{kind}</b>
        <button type="button" class="chip mono" onClick={() => setQuery({ artifact: digest })}>
          {short(digest)}
        </button>
        <span class="muted">
          {producer === undefined ? "from outside" : `made by ${producer}`}
          {typeof source === "string" && ` from ${source}`}
          {from.length > 0 && `, out of ${count(new Set(from).size, "artifact")}`}
        </span>
        <span class="push muted">
          {present
            ? `${count(files ?? 0, "file")}, ${formatBytes(bytes ?? 0)}`
            : "its folder is gone"}
        </span>
      </header>
      {fileList.length > 0 && <FileTable files={fileList} total={files} />}
    </li>
  );
}

function FileTable({
  files,
  total = files.length,
  open = false,
}: {
  readonly files: Files;
  readonly total?: number | undefined;
  readonly open?: boolean;
}): VNode {
  return (
    <details open={open && files.length <= 40}>
      <summary>
        {count(total, "file")}
        {total > files.length && `, the first ${files.length} of them`}
      </summary>
      <div class="table-box">
        <table class="table tight files">
          <thead>
            <tr>
              <th>file</th>
              <th class="number">size</th>
              <th>sha256</th>
            </tr>
          </thead>
          <tbody>
            {files.map(({ path, size, sha256 }) => (
              <tr key={path}>
                <td class="mono">{path}</td>
                <td class="number">{formatBytes(size)}</td>
                <td>
                  <Digest value={sha256} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
