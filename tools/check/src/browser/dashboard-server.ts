import { z } from "zod";
import { startMoonlight } from "../moonlight-command.ts";

const listeningSchema = z.looseObject({ type: z.literal("listening"), url: z.url() });

export interface DashboardServer {
  /** Ends with a slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** `moonlight ui` over a workspace, as a user starts it. */
export async function startDashboard(workspace: string): Promise<DashboardServer> {
  const server = startMoonlight(["ui", "--port=0", "--json"], workspace);
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    server.stdout.on("data", (piece: Buffer) => {
      text += piece.toString();
      if (text.includes("\n")) resolve(text);
    });
    void server.then(({ stderr }) => reject(new Error(`moonlight ui ended: ${stderr}`)));
  });
  const { url } = listeningSchema.parse(JSON.parse(line));
  return {
    url,
    async close() {
      server.kill("SIGINT");
      await server;
    },
  };
}
