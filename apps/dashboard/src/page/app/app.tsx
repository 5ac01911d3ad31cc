import { useCallback, useEffect, useState } from "preact/hooks";
import type { VNode } from "preact";
import type { WorkspaceAnswer } from "../../api/workspace.ts";
import { CompareView } from "../compare/compare-view.tsx";
import { useAnswer } from "../data/use-answer.ts";
import { RunsView } from "../runs/runs-view.tsx";
import { RunShell } from "../run/run-shell.tsx";
import { HelpDialog } from "./help-dialog.tsx";
import { usePlace } from "./place.ts";
import { viewOf } from "./sections.ts";
import { useShortcuts } from "./shortcuts.ts";
import { Sidebar } from "./sidebar.tsx";
import { useTheme } from "./theme.ts";

export function App(): VNode {
  const { path, query } = usePlace();
  const view = viewOf(path);
  const [theme, nextTheme] = useTheme();
  const [helping, setHelping] = useState(false);
  const help = useCallback(() => setHelping(true), []);
  const run = view.kind === "run" ? view.run : (query.get("b") ?? undefined);
  const workspace = useAnswer<WorkspaceAnswer>("/api/workspace");
  useShortcuts({ run, help, theme: nextTheme });
  const section = view.kind === "run" ? view.section : view.kind;
  useEffect(() => {
    document.title = [section, run, workspace.data?.name, "Moonlight"].filter(Boolean).join(" · ");
  }, [section, run, workspace.data]);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Sidebar
        view={view}
        run={run}
        workspace={workspace.data}
        theme={theme}
        nextTheme={nextTheme}
        help={help}
      />
      <main id="main" class="main" tabIndex={-1}>
        {view.kind === "runs" && <RunsView />}
        {view.kind === "compare" && <CompareView query={query} />}
        {view.kind === "run" && (
          <RunShell key={view.run} run={view.run} section={view.section} query={query} />
        )}
        {view.kind === "nowhere" && (
          <div class="state">
            <h1>There is no such page</h1>
            <p>
              <a href="/">All runs</a>
            </p>
          </div>
        )}
      </main>
      <HelpDialog open={helping} close={() => setHelping(false)} />
    </div>
  );
}
