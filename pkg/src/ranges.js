/** What an answer to a request for a file, or for a part of it, gives: as src/policy/ranges.rs; tests/ranges.json has the cases of both. */

/** Statuses that bring the file itself. */
const WHOLE = [200, 203];

/**
 * What an answer gives: `{ what }`, with `to` and `total` of a part; `{ wrong }` where it cannot be what it says.
 *
 * @param {{ from: number, total: number | null, version: string } | null} asked the part that was asked for
 * @param {{ status: number, headers: Headers }} response
 */
export function given(asked, { status, headers }) {
  if (status === 206) return asked === null ? wrong("it is a part of the file, and none was asked for") : part(asked, headers);
  if (status === 416 && asked !== null) {
    const range = contentRange(headers.get("content-range") ?? "");
    const length = range !== null && range.from === null ? range.total : asked.total;
    const isEnd = length === asked.from && (asked.total === null || asked.total === asked.from) && !isOther(asked.version, headers);
    return { what: isEnd ? "complete" : "another" };
  }
  return { what: WHOLE.includes(status) ? "whole" : "failure" };
}

function part(asked, headers) {
  // Who sends a part has to send its tag along (RFC 9110, section 15.3.7).
  const isUntold = isTag(asked.version) && !headers.has("etag");
  if (isUntold || isOther(asked.version, headers)) return { what: "another" };
  if (isCoded(headers)) return wrong("it is a part of the compressed file");
  const field = headers.get("content-range");
  if (field === null) return wrong("it is a part of the file, and does not say which");
  const range = contentRange(field);
  if (range === null || range.from === null) return wrong("its Content-Range cannot be read");
  const { from, to, total } = range;
  if (from !== asked.from) return wrong("it is not the part of the file that was asked for");
  if (total !== null && to > total) return wrong("its Content-Range ends where it cannot");
  const length = headers.get("content-length");
  if (length !== null && number(length.trim()) !== to - from) return wrong("its Content-Length is not that of its Content-Range");
  if (total !== null && asked.total !== null && total !== asked.total) return { what: "another" };
  return { what: "part", to, total: total ?? asked.total };
}

const wrong = (why) => ({ wrong: why });

/** What tells one version from another byte by byte, as `If-Range` has it; null where nothing does. */
export function validator(headers) {
  const tag = headers.get("etag");
  if (tag !== null) return /^"[\x20\x21\x23-\x7e]*"$/.test(tag.trim()) ? tag.trim() : null;
  const modified = headers.get("last-modified")?.trim() ?? null;
  return seconds(modified) < seconds(headers.get("date")?.trim()) ? modified : null;
}

export const isTag = (version) => version.startsWith('"');

/** Whether these are another version's, where they tell. */
function isOther(version, headers) {
  const told = headers.get(isTag(version) ? "etag" : "last-modified");
  return told !== null && told.trim() !== version;
}

/** Whether what is sent is not the file itself. */
export function isCoded(headers) {
  const codings = (headers.get("content-encoding") ?? "").split(",").map((coding) => coding.trim().toLowerCase());
  return codings.some((coding) => coding !== "" && coding !== "identity");
}

/** How long the file is, where that is told. */
export function lengthOf({ headers }) {
  const length = headers.get("content-length");
  return length === null || isCoded(headers) ? null : number(length.trim());
}

/** `to` is one past the last byte; `from` is null for what tells the length only. */
function contentRange(field) {
  const told = /^bytes +(?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(field.trim());
  if (told === null) return null;
  const [from, last, total] = told.slice(1).map((text) => (text === undefined || text === "*" ? null : number(text)));
  const isUnreadable = told.slice(1).some((text, at) => /^\d/.test(text ?? "") && [from, last, total][at] === null);
  if (isUnreadable || (from === null ? total === null : from > last)) return null;
  return { from, to: from === null ? null : last + 1, total };
}

/** Digits and nothing but, as many as can be counted with. */
function number(text) {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** NaN for what is no date of HTTP. */
function seconds(date) {
  return /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(date ?? "") ? Date.parse(date) : Number.NaN;
}
