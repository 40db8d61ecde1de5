import { error } from "./failure.js";
import { shown } from "./options.js";

/** What was learnt of a page. */
export class Page {
  #Document;
  #document;

  /**
   * @param {object} fields of the row, of which all but its place and its error are the page's
   * @param {Function | undefined} Document the wasm side's, where the build has it
   */
  constructor({ index: _, error: __, ...fields }, Document) {
    Object.assign(this, fields);
    this.#Document = Document;
  }

  /** The elements that any of these CSS selectors picks, in tree order. */
  select(css) {
    const invalid = (detail, why) =>
      error("invalid_option", `invalid option ${detail}: ${why}`, { detail, url: this.finalUrl });
    if (this.#Document === undefined) {
      const message = "selectors are not supported here (this build): import from dualfetch/full, not from dualfetch";
      throw error("unsupported", message, { detail: "select" });
    }
    if (typeof css !== "string") throw invalid("selector", `a string, not ${shown(css)}`);
    if (this.html === null && this.encoding !== null) throw invalid("html", "selecting needs the page's text: ask for it by page(url, { html: true })");
    // A page that was not read as HTML has no elements, but a selector that is none is noticed there, too.
    this.#document ??= new this.#Document(this.html ?? "");
    return this.#document.select(css).map(element);
  }
}

function element([name, text, html, ...flat]) {
  const attributes = [];
  for (let i = 0; i < flat.length; i += 2) attributes.push([flat[i], flat[i + 1]]);
  return { name, attributes: Object.fromEntries(attributes), text, html };
}

/** What the wasm side tells of a page, as a row: see `told` in src/js/rows.rs and `push` in src/js/page.rs. */
export function pageRow([index, url, elapsed, failure, ...told]) {
  const [finalUrl, status, title, titleSource, encoding, encodingSource, bytes, attempts, redirects, metadata, html, truncated] = told;
  return {
    index,
    url,
    finalUrl: finalUrl ?? null,
    status: status ?? failure?.status ?? null,
    title: title ?? null,
    titleSource: titleSource ?? null,
    truncated: truncated ?? false,
    metadata: metadata ? metadataOf(metadata) : null,
    html: html ?? null,
    encoding: encoding ?? null,
    encodingSource: encodingSource ?? null,
    bytes: bytes ?? null,
    elapsed,
    attempts: attempts ?? failure?.attempts ?? 0,
    redirects: redirects ?? failure?.history?.length ?? 0,
    error: failure ?? null,
  };
}

function metadataOf([authors, base, best, canonical, description, feeds, headline, icons, image, language, ...properties]) {
  const [openGraph, robots, twitter] = properties.map((list) => list.map(([name, content]) => ({ name, content })));
  return {
    authors: authors.map(sourced),
    base,
    bestTitle: sourced(best),
    canonical: sourced(canonical),
    description: sourced(description),
    feeds: feeds.map(([url, mediaType, title]) => ({ url, mediaType, title })),
    headline: sourced(headline),
    icons: icons.map(([url, rel, sizes, mediaType]) => ({ url, rel, sizes, mediaType })),
    image: sourced(image),
    language: sourced(language),
    openGraph,
    robots,
    twitter,
  };
}

function sourced(own) {
  return own && { value: own[0], source: own[1] };
}
