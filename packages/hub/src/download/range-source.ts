import { InterruptedError, TemporaryError, VerificationError } from "@moonlight-rl/core";
import type { ByteRange } from "../protocol/byte-range.ts";
import { badResponse, networkError, statusError, type Headers } from "../client/hub-error.ts";
import { discard, type HubHttp, type HubResponse } from "../client/hub-http.ts";
import { Retriable } from "../client/retry.ts";

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

  constructor(http: HubHttp, url: URL, size: number, purpose: string) {
    this.#http = http;
    this.#url = url;
    this.#size = size;
    this.#purpose = purpose;
  }

  /** Opens the range; the response is known to start at its first byte. */
  async open(request: RangeRequest): Promise<HubResponse & { readonly etag: string | undefined }> {
    const { range, whole } = request;
    const headers: Record<string, string> = {};
    if (!whole) {
      headers["range"] = `bytes=${range.start}-${range.end - 1}`;
      if (request.etag !== undefined) headers["if-range"] = request.etag;
    }
    const asked = this.#location ?? this.#url;
    const response = await this.#http.get(asked, {
      purpose: this.#purpose,
      headers,
      signal: request.signal,
    });
    try {
      this.#checkStatus(response, asked);
      return this.#check(response, request);
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
    const { trickleMs, minBytesPerSecond } = this.#http.timeouts;
    let left = length;
    let windowStart = performance.now();
    let windowBytes = 0;
    try {
      for await (const value of response.body) {
        const block = value as Buffer;
        if (block.length > left)
          throw new Retriable(badResponse(`${this.#purpose}: more bytes than asked for`));
        left -= block.length;
        yield block;
        windowBytes += block.length;
        const elapsed = performance.now() - windowStart;
        if (elapsed < trickleMs) continue;
        if (left > 0 && windowBytes < (minBytesPerSecond * elapsed) / 1000)
          throw this.#broken(`only ${windowBytes} bytes in ${Math.round(elapsed / 1000)} s`);
        windowStart = performance.now();
        windowBytes = 0;
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

  #check(
    response: HubResponse,
    { range, etag, whole }: RangeRequest,
  ): HubResponse & { readonly etag: string | undefined } {
    const { headers, status, url } = response;
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
    return { ...response, etag: tag };
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

/** Weak tags do not promise equal bytes, so they guard nothing. */
function strongTag(headers: Headers): string | undefined {
  const tag = headers["etag"];
  return tag?.startsWith('"') === true ? tag : undefined;
}

function isNetworkFault(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
}
