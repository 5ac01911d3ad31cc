import type { VNode } from "preact";
import type { WorkspaceAnswer } from "../../api/workspace.ts";
import { runPath, SECTIONS, type View } from "./sections.ts";
import type { Theme } from "./theme.ts";

interface SidebarProps {
  readonly view: View;
  /** The run whose parts it leads to. */
  readonly run: string | undefined;
  readonly workspace: WorkspaceAnswer | undefined;
  readonly theme: Theme;
  readonly nextTheme: () => void;
  readonly help: () => void;
}

export function Sidebar({ view, run, workspace, theme, nextTheme, help }: SidebarProps): VNode {
  return (
    <header class="sidebar">
      <a class="brand" href="/">
        <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
          <path d="M21.6 22.9A11 11 0 0 1 10.3 7.6a11 11 0 1 0 11.3 15.3z" fill="currentColor" />
        </svg>
        <span>
          Moonlight
          <small title="workspace">{workspace?.name ?? " "}</small>
        </span>
      </a>
      <nav class="nav" aria-label="Views">
        <a href="/" aria-current={view.kind === "runs" ? "page" : undefined}>
          All runs
        </a>
        {run !== undefined && (
          <>
            <span class="nav-title">Run</span>
            {SECTIONS.map(({ name, title }) => (
              <a
                key={name}
                href={runPath(run, name)}
                aria-current={view.kind === "run" && view.section === name ? "page" : undefined}
              >
                {title}
              </a>
            ))}
          </>
        )}
        <a
          href={run === undefined ? "/compare" : `/compare?b=${encodeURIComponent(run)}`}
          aria-current={view.kind === "compare" ? "page" : undefined}
        >
          Compare
        </a>
      </nav>
      <div class="sidebar-foot">
        <button type="button" class="button quiet" onClick={nextTheme} title="Appearance (t)">
          {theme === "system" ? "◐ As system" : theme === "light" ? "○ Light" : "● Dark"}
        </button>
        <button type="button" class="button quiet" onClick={help} aria-label="Keyboard shortcuts">
          <kbd>?</kbd>
        </button>
      </div>
    </header>
  );
}
