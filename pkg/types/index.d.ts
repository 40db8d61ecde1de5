import { Session as CoreSession } from "./core.js";
import type { DualfetchError } from "./errors.js";
import type { Metadata } from "./metadata.js";
import type { PageOptions, TitleOptions, TitlesOptions } from "./options.js";
import type { EncodingSource } from "./response.js";

export * from "./core.js";
export * from "./metadata.js";

/** Where a title came from, or why there is none. */
export type TitleSource = "body" | "content-type" | "head" | "missing" | "truncated";

/** What was learnt of a page. */
export interface Page {
  /** The URL as it was given. */
  url: string;
  /** The URL that answered, after redirects. */
  finalUrl: string;
  /** The response's status; one of 404 has a page, too. */
  status: number;
  /** White space stripped and collapsed. Null when there is none, "" when it is empty. */
  title: string | null;
  /** Where the title came from, or why there is none. */
  titleSource: TitleSource;
  /** Whether the page was cut at `maxBytes`: of what lies behind nothing is known. */
  truncated: boolean;
  /** What the page says about itself; null unless it was asked for, and when the page was not read. */
  metadata: Metadata | null;
  /** The page's text; null unless it was asked for, and when the page was not read. */
  html: string | null;
  /** By its WHATWG name; null when the page was not read. */
  encoding: string | null;
  /** Which rule decided on the encoding; null when the page was not read. */
  encodingSource: EncodingSource | null;
  /** How much was read, after decompression. */
  bytes: number;
  /** Milliseconds, waiting included. */
  elapsed: number;
  /** How many attempts the last hop took. */
  attempts: number;
  /** How many redirects led to it. */
  redirects: number;
}

/** One URL's title, or why there is none to tell. */
export type TitleRow = {
  /** The URL's place in the input, from 0. */
  index: number;
} & (
  | (Page & {
      /** There is a page. */
      error: null;
    })
  | ({ [Field in Exclude<keyof Page, "url" | "elapsed" | "attempts" | "redirects" | "status" | "truncated">]: null } & {
      /** The URL as it was given. */
      url: string;
      /** Milliseconds, waiting included. */
      elapsed: number;
      /** How many attempts the last hop took; 0 when nothing was sent. */
      attempts: number;
      /** How many redirects had been followed. */
      redirects: number;
      /** False. */
      truncated: boolean;
      /** The status of a `StatusError`; null for all else. */
      status: number | null;
      /** Why there is no page. */
      error: DualfetchError;
    })
);

/** A session that reads titles, too. */
export class Session extends CoreSession {
  /**
   * A page as far as its title needs; then the transfer is ended, which developer tools show as cancelled. A page of
   * status 404 is a page. The URL must be absolute.
   *
   * @throws {DualfetchError} for each way in which a request or the reading of its body fails; or the signal's own reason
   */
  title(url: string | URL, options?: TitleOptions | null): Promise<Page>;
  /**
   * A page as far as is asked for: as `title`, with its metadata, or its text. To select from it: `dualfetch/full`.
   * @throws {DualfetchError} as `title` does
   */
  page(url: string | URL, options?: PageOptions | null): Promise<Page>;
  /**
   * The titles of many pages, each as soon as it is there. Every URL gets one row; one that is not absolute, such as
   * `example.com`, has the code `invalid_url`. The input is read no further ahead than the window; leaving the loop ends
   * every request under way. A `signal` that fires makes the loop throw its reason; URLs not done by then have no row.
   *
   * @throws {DualfetchError} for options that make no sense or are not supported, when the first row is asked for; what a
   * page fails with is in its row
   */
  titles(
    urls: Iterable<string | URL> | AsyncIterable<string | URL>,
    options?: TitlesOptions | null,
  ): AsyncIterableIterator<TitleRow>;
}
