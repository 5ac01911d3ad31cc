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
      code: "UI_UNREACHABLE",
      message: `Something else answers in the place of this page's server (HTTP ${response.status}).`,
      hint: "Is there a proxy in between? Open the address that `moonlight ui` printed.",
    },
  );
}

/** What went wrong while something was asked for. */
export function faultOf(error: unknown): FaultBody {
  if (error instanceof AnswerFault) return error.body;
  return {
    code: "UI_PAGE",
    message: error instanceof Error ? error.message : String(error),
    hint: "This is a fault of the page: please report it.",
  };
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
