/** Small wordings that more than one place needs. */

export const isFailure = (row) => Boolean(row.error);

/** Such as `timeout (headers)`. */
export const errorCode = ({ code, phase, name }) => (phase ? `${code} (${phase})` : (code ?? name ?? "error"));

export const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** What a page is called in the chart: what it shows, else where it is. */
export function label(url, shows) {
  if (shows) return shows;
  if (!URL.canParse(url)) return url;
  const { host, pathname, search } = new URL(url);
  return host + (pathname === "/" ? "" : pathname) + search;
}
