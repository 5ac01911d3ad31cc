import { z } from "zod";

/** GET /api/workspace */
export const workspaceSchema = z.object({
  /** Version of the dashboard. */
  version: z.string(),
  /** Last two parts of the workspace's path. */
  name: z.string(),
  runs: z.int(),
  /** Time of the server, for clocks that differ. */
  now: z.iso.datetime(),
});
export type WorkspaceAnswer = z.output<typeof workspaceSchema>;
