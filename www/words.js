/** Small wordings that more than one place needs. */

export const isFailure = (row) => Boolean(row.error);

/** Such as `timeout (headers)`. */
export const errorCode = ({ code, phase, name }) => (phase ? `${code} (${phase})` : (code ?? name ?? "error"));

export const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** What a page is called in the chart: what it shows, else where it is. */
export function label(url, shows) {
  if (shows) return shows;
  if (parsed(url) === null) return url;
  const { host, pathname, search } = new URL(url);
  return host + (pathname === "/" ? "" : pathname) + search;
}

/** Such as `1.2 MB`. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const unit = Math.min(Math.floor(Math.log10(bytes) / 3), 3);
  const value = bytes / 1000 ** unit;
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ${["kB", "MB", "GB"][unit - 1]}`;
}

/** The URL; null where it is none. */
export function parsed(url) {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}
