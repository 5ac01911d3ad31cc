import { InterruptedError, TemporaryError, VerificationError } from "@moonlight-rl/core";
import type { ByteRange } from "../protocol/byte-range.ts";
import { badResponse, networkError, statusError, type Headers } from "../client/hub-error.ts";
import { discard, type HubHttp, type HubResponse } from "../client/hub-http.ts";
import type { Timeouts } from "../client/connection.ts";
import { Retriable } from "../client/retry.ts";
import type { RangeWriter } from "./range-writer.ts";

/** The server sends the whole file whatever range is asked: it has to be taken in one piece. */
export class RangesIgnored extends Error {}

/** The entity tag is another one: what was fetched before may be of other content. */
export class ContentChanged extends Error {}

export interface RangeRequest {
  readonly range: ByteRange;
  /** Tag that earlier ranges came with. */
  readonly etag: string | undefined;
  /** Ask for the whole file without a Range header. */
  readonly whole: boolean;
  readonly signal: AbortSignal;
}

/** One file on a Hub, as something to read ranges from. */
export class RangeSource {
  readonly #http: HubHttp;
  readonly #url: URL;
  readonly #size: number;
  readonly #purpose: string;
  /** Where the Hub sent us, usually a signed address: asked directly until it is refused. */
  #location: URL | undefined;
  /** Where a range has been sent from just as it was asked for. */
  #proven: URL | undefined;

  constructor(http: HubHttp, url: URL, size: number, purpose: string) {
    this.#http = http;
    this.#url = url;
    this.#size = size;
    this.#purpose = purpose;
  }

  /** Receives the range; `onTag` hears of the entity tag before the first byte. */
  async receive(
    request: RangeRequest,
    writer: RangeWriter,
    onTag: (etag: string) => void,
  ): Promise<void> {
    if (await this.#receiveInto(request, writer)) return;
    const response = await this.open(request);
    if (response.etag !== undefined) onTag(response.etag);
    const length = request.range.end - request.range.start;
    for await (const bytes of this.read(response, length, request.signal))
      await writer.write(bytes);
  }

  /** The fast way, once a first answer has shown where the bytes are and how they are sent; false = not taken. */
  async #receiveInto(request: RangeRequest, writer: RangeWriter): Promise<boolean> {
    const { range, etag, whole, signal } = request;
    const url = this.#proven;
    if (url === undefined || whole || !this.#http.canGetInto(url)) return false;
    const length = range.end - range.start;
    let fault: unknown;
    await writer.prepare();
    const pace = new Pace(this.#http.timeouts, length);
    const taken = await this.#http.getInto(
      url,
      {
        head: (status, headers) => {
          const plain = headers["transfer-encoding"] === undefined;
          if (status !== 206 || !plain || headers["content-length"] === undefined) return 0;
          try {
            this.#check({ status, headers, url }, request);
            return length;
          } catch (error) {
            fault = error;
            return 0;
          }
        },
        space: () => writer.space(),
        filled: (bytes) => {
          const wait = writer.filled(bytes);
          const slow = pace.slow(bytes);
          return slow === undefined ? wait : Promise.reject(this.#broken(slow));
        },
      },
      {
        purpose: this.#purpose,
        signal,
        headers: rangeHeaders(range, etag),
      },
    );
    // Whatever it was, the general way meets it again and knows its name.
    if (!taken) this.#proven = undefined;
    if (fault !== undefined) throw fault;
    return taken;
  }

  /** Opens the range; the response is known to start at its first byte. */
  async open(request: RangeRequest): Promise<HubResponse & { readonly etag: string | undefined }> {
    const { range, whole } = request;
    const headers = whole ? {} : rangeHeaders(range, request.etag);
    const asked = this.#location ?? this.#url;
    const response = await this.#http.get(asked, {
      purpose: this.#purpose,
      headers,
      signal: request.signal,
    });
    try {
      this.#checkStatus(response, asked);
      const etag = this.#check(response, request);
      if (response.status === 206) this.#proven = response.url;
      return { ...response, etag };
    } catch (error) {
      await discard(response);
      throw error;
    }
  }

  /** The bytes of an open range, never one more than asked; silence and trickle are `Retriable`. */
  async *read(
    response: HubResponse,
    length: number,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, void> {
    const pace = new Pace(this.#http.timeouts, length);
    let left = length;
    try {
      for await (const value of response.body) {
        const block = value as Buffer;
        if (block.length > left)
          throw new Retriable(badResponse(`${this.#purpose}: more bytes than asked for`));
        left -= block.length;
        yield block;
        const slow = pace.slow(block.length);
        if (slow !== undefined) throw this.#broken(slow);
      }
    } catch (error) {
      if (signal.aborted) throw new InterruptedError();
      if (error instanceof Retriable || !isNetworkFault(error)) throw error;
      throw networkError(error, response.url, this.#purpose);
    } finally {
      response.body.destroy();
    }
    if (left > 0) throw this.#broken(`it ended ${left} bytes early`);
  }

  #checkStatus(response: HubResponse, asked: URL): void {
    const { status, headers, url } = response;
    if (status === 200 || status === 206) {
      if (url.origin !== this.#url.origin) this.#location = url;
      return;
    }
    const signed = url.origin !== this.#url.origin;
    this.#location = undefined;
    if (status === 416)
      throw new Retriable(
        badResponse(`${this.#purpose}: ${url.host} has fewer bytes than the Hub lists`),
      );
    // A signed address expires; the Hub gives a new one.
    if (signed && [400, 401, 403, 404, 410].includes(status))
      throw new Retriable(
        new TemporaryError(
          "HUB_TRANSFER_FAILED",
          `${this.#purpose}: ${url.host} refuses with ${status} where the Hub sends us`,
          { hint: "Run the same command again: it goes on where it stopped." },
        ),
        { retryAfterMs: asked === this.#url ? undefined : 0 },
      );
    throw statusError(status, headers, url, this.#purpose);
  }

  /** Whether the answer is of the bytes that were asked for; returns its entity tag. */
  #check(
    { headers, status, url }: Pick<HubResponse, "headers" | "status" | "url">,
    { range, etag, whole }: RangeRequest,
  ): string | undefined {
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity")
      throw new Retriable(
        badResponse(`${this.#purpose}: ${url.host} sends it ${encoding}-encoded`),
      );
    const tag = strongTag(headers);
    if (!whole && etag !== undefined && tag !== undefined && tag !== etag)
      throw new ContentChanged();
    if (status === 200) {
      if (!whole) throw new RangesIgnored();
      this.#checkLength(headers, this.#size, url);
    } else {
      this.#checkContentRange(headers, range, url);
      this.#checkLength(headers, range.end - range.start, url);
    }
    return tag;
  }

  #checkContentRange(headers: Headers, range: ByteRange, url: URL): void {
    const text = headers["content-range"] ?? "";
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text);
    const right =
      match !== null &&
      Number(match[1]) === range.start &&
      Number(match[2]) === range.end - 1 &&
      (match[3] === "*" || Number(match[3]) === this.#size);
    if (!right)
      throw new Retriable(
        badResponse(
          `${this.#purpose}: ${url.host} sent Content-Range ${JSON.stringify(text)} for bytes ${range.start}-${range.end - 1}/${this.#size}`,
        ),
      );
  }

  #checkLength(headers: Headers, expected: number, url: URL): void {
    const length = headers["content-length"];
    if (length === undefined || Number(length) === expected) return;
    throw new Retriable(
      new VerificationError(
        "HUB_SIZE_MISMATCH",
        `${this.#purpose}: ${url.host} offers ${length} bytes where ${expected} are expected`,
        { hint: "Try again later or another HF_ENDPOINT." },
      ),
    );
  }

  #broken(why: string): Retriable {
    return new Retriable(
      new TemporaryError("HUB_TRANSFER_FAILED", `${this.#purpose}: the transfer broke: ${why}`, {
        hint: "Run the same command again: it goes on where it stopped.",
      }),
    );
  }
}

function rangeHeaders({ start, end }: ByteRange, etag: string | undefined): Record<string, string> {
  return {
    range: `bytes=${start}-${end - 1}`,
    ...(etag === undefined ? {} : { "if-range": etag }),
  };
}

/** Notices a body that comes, but too slowly. */
class Pace {
  readonly #timeouts: Timeouts;
  #left: number;
  #start = performance.now();
  #bytes = 0;

  constructor(timeouts: Timeouts, length: number) {
    this.#timeouts = timeouts;
    this.#left = length;
  }

  /** Counts bytes; says what is wrong when too few came within the window. */
  slow(bytes: number): string | undefined {
    const { trickleMs, minBytesPerSecond } = this.#timeouts;
    this.#bytes += bytes;
    this.#left -= bytes;
    const elapsed = performance.now() - this.#start;
    if (elapsed < trickleMs) return undefined;
    const [got, wanted] = [this.#bytes, (minBytesPerSecond * elapsed) / 1000];
    [this.#start, this.#bytes] = [performance.now(), 0];
    return this.#left > 0 && got < wanted
      ? `only ${got} bytes in ${Math.round(elapsed / 1000)} s`
      : undefined;
  }
}

/** Weak tags do not promise equal bytes, so they guard nothing. */
function strongTag(headers: Headers): string | undefined {
  const tag = headers["etag"];
  return tag?.startsWith('"') === true ? tag : undefined;
}

function isNetworkFault(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
}
