import { createHash, timingSafeEqual } from "node:crypto";
import { MoonlightError } from "@moonlight-rl/core";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { faultOf } from "./answer-fault.ts";

export interface GuardOptions {
  /** Absent: nobody is asked for one. */
  readonly token?: string | undefined;
  /** Whether only this machine can reach the server: then only its own names are served (DNS rebinding). */
  readonly loopback: boolean;
}

const COOKIE = "moonlight-ui";
const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The page loads nothing from elsewhere, has nothing inline, and nobody may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Refuses what must not be answered, before anything is read: other methods, other hosts, no token. */
export function guard({ token, loopback }: GuardOptions): MiddlewareHandler {
  return async (context, next) => {
    // Before the answer exists as well: the refusals below carry them too.
    context.header("content-security-policy", POLICY);
    context.header("x-content-type-options", "nosniff");
    context.header("referrer-policy", "no-referrer");
    context.header("cross-origin-resource-policy", "same-origin");
    context.header("cross-origin-opener-policy", "same-origin");
    const { method } = context.req;
    if (method !== "GET" && method !== "HEAD") {
      context.header("allow", "GET, HEAD");
      return refuse(context, "UI_METHOD", `The dashboard only reads: ${method} is not served.`);
    }
    if (loopback && !LOOPBACK_NAMES.has(hostName(context)))
      return refuse(
        context,
        "UI_HOST",
        "The Host header does not name this machine's loopback.",
        "Open http://127.0.0.1 or http://localhost with the port; for other names serve on --host with a token.",
      );
    if (token === undefined) return next();
    const url = new URL(context.req.url);
    const given = url.searchParams.get("token");
    if (given !== null && same(given, token)) {
      setCookie(context, COOKIE, token, { httpOnly: true, sameSite: "Strict", path: "/" });
      url.searchParams.delete("token");
      return context.redirect(`${url.pathname}${url.search}`, 302);
    }
    const bearer = /^Bearer (.+)$/.exec(context.req.header("authorization") ?? "")?.[1];
    const known = bearer ?? getCookie(context, COOKIE);
    if (known !== undefined && same(known, token)) return next();
    return refuse(
      context,
      "UI_TOKEN",
      "This dashboard asks for a token.",
      "Open the address that `moonlight ui` printed, with its ?token=.",
    );
  };
}

/** Takes as long for a wrong token as for the right one, whatever their lengths. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function hostName(context: Context): string {
  return (context.req.header("host") ?? "").toLowerCase().replace(/:\d*$/, "");
}

function refuse(context: Context, code: string, message: string, hint?: string): Response {
  const error = new MoonlightError(code, message, hint === undefined ? {} : { hint });
  const { status, body } = faultOf(error);
  return context.json(body, status);
}
