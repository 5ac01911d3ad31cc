import type { Fault } from "../../api/fault.ts";

export type FaultBody = Fault["error"];

/** What the server answered instead, or that it did not. */
export class AnswerFault extends Error {
  override readonly name = "AnswerFault";
  readonly body: FaultBody;

  constructor(body: FaultBody) {
    super(body.message);
    this.body = body;
  }
}

/** One answer of the server; its schemas are in src/api. */
export async function getAnswer<T>(address: string, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new AnswerFault({
      code: "UI_UNREACHABLE",
      message: "The server of this page does not answer.",
      hint: "Is `moonlight ui` still running? The page goes on by itself when it is back.",
    });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as T;
  throw new AnswerFault(
    (body as Fault | undefined)?.error ?? {
      code: `HTTP ${response.status}`,
      message: "The answer is not one of the dashboard's.",
    },
  );
}

/** An address with the parameters that are given. */
export function address(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()}`;
}
