/**
 * What a page says about itself, read from its HTML elements in tree order. What is in a template, in a `noscript`, in a
 * comment or in a script does not count, nor does what is empty. Text has its white space stripped and collapsed; URLs
 * are absolute but may be of any scheme, `javascript:` too: look before you link to one. They are resolved by the page's `<base>`. Text of more than 64 KiB is cut, such a URL is none; lists end at 256
 * entries, and all of it at 1 MiB. JSON-LD that is nearly JSON is read, too.
 */
export interface Metadata {
  /** Who wrote it: the authors that JSON-LD names, else `<meta name=author>`. */
  authors: Sourced[];
  /** The `href` of the first `<base>` that has one, as written. */
  base: string | null;
  /** The title for people to read: `og:title`, else `twitter:title`, else the document's own. */
  bestTitle: Sourced | null;
  /** The page's preferred URL: `<link rel=canonical>`, else `og:url`. */
  canonical: Sourced | null;
  /** `<meta name=description>`, else `og:description`, else `twitter:description`. */
  description: Sourced | null;
  /** Of `<link rel=alternate>` with a feed's type, and of `<link rel=feed>`. */
  feeds: Feed[];
  /** The headline that JSON-LD names. */
  headline: Sourced | null;
  /** Of `<link>` with `icon`, `apple-touch-icon`, `apple-touch-icon-precomposed` or `mask-icon`. */
  icons: Icon[];
  /** The picture to show of it: `og:image`, else `twitter:image`, else `<link rel=image_src>`. */
  image: Sourced | null;
  /** A BCP 47 tag: `<html lang>`, else `<meta http-equiv=content-language>`, else `og:locale`, whose `_` becomes `-`. */
  language: Sourced | null;
  /** Open Graph's properties in order, lower case, with those of its kinds of things, such as `article:`. */
  openGraph: Property[];
  /** What robots may do: `robots`, and names that end with `bot` or begin with `googlebot`. */
  robots: Property[];
  /** The properties of Twitter's cards in order, lower case. */
  twitter: Property[];
}

/** A value, and what said so. */
export interface Sourced {
  /** The value: text, or an absolute URL. */
  value: string;
  /** What said so. */
  source: MetadataSource;
}

/**
 * What in a page said something: its `<html>`, `<title>`, `<link>` or `<meta>`, its `<meta http-equiv>`, its JSON-LD, or the
 * properties of Open Graph or Twitter's cards.
 */
export type MetadataSource = "html" | "http-equiv" | "json-ld" | "link" | "meta" | "open-graph" | "title" | "twitter";

/** An icon of the page. */
export interface Icon {
  /** Where it is, absolute. */
  url: string;
  /** What it is for, by the link's word for it. */
  rel: "apple-touch-icon" | "apple-touch-icon-precomposed" | "icon" | "mask-icon";
  /** As written, such as `32x32` or `any`. */
  sizes: string | null;
  /** As the link says, such as `image/png`. */
  mediaType: string | null;
}

/** A feed that the page links to. */
export interface Feed {
  /** Where it is, absolute. */
  url: string;
  /** Such as `application/rss+xml`. */
  mediaType: string | null;
  /** What the link calls it. */
  title: string | null;
}

/** A property of the page, and what it is. */
export interface Property {
  /** In lower case. */
  name: string;
  /** The value, as text. */
  content: string;
}
