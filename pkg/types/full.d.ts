import { Page as PlainPage, Session as PlainSession } from "./index.js";
import type { PageOptions } from "./options.js";

export * from "./index.js";

/** An element that was selected. */
export interface SelectedElement {
  /** The tag's name, in lower case for HTML. */
  name: string;
  /** By name, which is in lower case for HTML; undefined where there is none. */
  attributes: Record<string, string | undefined>;
  /** All text in it, that of scripts and templates included, its ASCII white space stripped and collapsed. */
  text: string;
  /** The element in HTML, its own tags included. */
  html: string;
}

/** What was learnt of a page, and the page to select from. */
export interface Page extends PlainPage {
  /**
   * The elements that any of these CSS selectors picks, in tree order. The page must have been asked for with
   * `{ html: true }`; of one that was not read as HTML there are none. It is parsed once, with scripting enabled, so the
   * content of a `noscript` is text; what is in a `template` is not selected; elements nest 512 deep at most.
   *
   * @throws {InputError} of code `invalid_option` for what is no selector or selects too much (64 MiB), and for a page whose
   * text was not asked for
   * @throws {BodyError} of code `decode` for a page whose tree would be too large
   */
  select(css: string): SelectedElement[];
}

/** A session whose pages can be selected from. */
export class Session extends PlainSession {
  /**
   * A page as far as is asked for, to select from where `html` is true.
   * @throws {DualfetchError} as `title` does
   */
  page(url: string | URL, options?: PageOptions | null): Promise<Page>;
}
