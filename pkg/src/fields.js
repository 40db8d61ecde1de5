// Header fields of a response that have a grammar of their own, read as src/fields and src/charset/mime.rs read them:
// tests/fields.json holds both to it.

/** How many parameters are kept of one value, and how many links of one response. */
const MOST_PARAMETERS = 64;
const MOST_LINKS = 256;

/** What a `Content-Disposition` says (RFC 6266). */
export function contentDisposition(value) {
  const end = value.indexOf(";");
  const first = end < 0 ? value : value.slice(0, end);
  // Where there is an equals sign the type is missing.
  const [kind, rest] = first.includes("=") ? ["inline", value] : [first, value.slice(first.length)];
  const type = trimmed(kind).toLowerCase();
  const parameters = type === "form-data" ? formParameters(rest) : readParameters(rest, "")[0];
  const fileName = textOf(parameters, "filename") || null;
  return {
    type,
    isAttachment: !["", "inline", "form-data"].includes(type),
    fileName,
    safeFileName: fileName === null ? null : safeFileName(fileName),
    parameters: firsts(parameters),
  };
}

/** The boundary of a `multipart/…`; undefined where it is none, or names none. */
export function multipartBoundary(contentType) {
  const [, rest] = /^[ \t\n\f\r]*multipart\/[^;]*(.*)$/is.exec(contentType) ?? [];
  if (rest === undefined) return undefined;
  const boundary = valueOf(readParameters(rest, "")[0], "boundary");
  return boundary && boundary.length <= 256 ? boundary : undefined;
}

/** A field's value as text: UTF-8 where its bytes are that, else each byte a character (ISO-8859-1). */
export function utf8(value) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(value, (character) => character.charCodeAt(0)));
  } catch {
    return value;
  }
}

/** The links of a `Link` field (RFC 8288), URLs made absolute by `base`. */
export function links(field, base) {
  const found = [];
  let rest = field;
  while (found.length < MOST_LINKS) {
    rest = rest.replace(/^[, \t]+/, "");
    if (rest === "") return found;
    // Not over a second bracket: the first one is not closed.
    const target = /^<([^<>]*)>/.exec(rest);
    const [parameters, after] = readParameters(target ? rest.slice(target[0].length) : rest, ",");
    rest = after;
    const link = target && linkOf(target[1], parameters, base);
    if (link) found.push(link);
  }
  return found;
}

function linkOf(target, parameters, base) {
  const url = joined(trimmed(target), base);
  const written = valueOf(parameters, "anchor");
  const anchor = written === undefined ? null : joined(written, base);
  // A link from nobody knows where is none from here.
  if (url === undefined || anchor === undefined) return undefined;
  return {
    url,
    rels: (valueOf(parameters, "rel") ?? "").split(/[ \t\n\f\r]+/).filter((rel) => rel !== ""),
    anchor: anchor === base.split("#")[0] ? null : anchor,
    title: textOf(parameters, "title") ?? null,
    parameters: firsts(parameters),
  };
}

function joined(url, base) {
  try {
    return new URL(url, base).href;
  } catch {
    return undefined;
  }
}

/**
 * A file name that is harmless in any folder, on any system, made of one that a stranger gave; null where nothing is
 * left of it.
 */
export function safeFileName(name) {
  const last = name.split(/[/\\]/).pop();
  // Control characters, and those of no width that reorder or hide what is around them.
  const seen = last.replace(/[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "");
  const bare = cutEnd(seen.replace(/[<>:"|?*]/g, "_").replace(/^[.\s]+/, ""), /[.\s]/);
  if (bare === "") return null;
  const stem = bare.split(".")[0].trimEnd();
  const isDevice = /^(AUX|CON|CONIN\$|CONOUT\$|NUL|PRN|(COM|LPT)[0-9¹²³])$/i.test(stem);
  return cutEnd(shortened(isDevice ? `_${bare}` : bare), /[.\s]/);
}

/** At most 255 bytes, as file systems have it; an ending that is short enough to be one is kept. */
function shortened(name) {
  const size = (text) => new TextEncoder().encode(text).length;
  if (size(name) <= 255) return name;
  const dot = name.lastIndexOf(".");
  const last = dot < 0 ? "" : name.slice(dot);
  const ending = size(last) <= 32 ? last : "";
  const room = 255 - size(ending);
  let start = "";
  let length = 0;
  for (const character of name) {
    length += size(character);
    if (length > room) break;
    start += character;
  }
  return start + ending;
}

/** What a content type is without its parameters, in lower case, whether it is sound or not. */
export function essence(contentType) {
  return contentType.split(";")[0].trim().toLowerCase();
}

/** Essence and charset of a `Content-Type`, whose fields may stand joined by commas: the last valid one counts. */
export function mediaType(header) {
  let found = null;
  for (const value of header.match(/(?:"(?:\\.|[^"\\])*(?:"|\\?$)|[^",])+/gs) ?? []) {
    const type = parsedType(value);
    if (type === null || type.essence === "*/*") continue;
    if (type.essence === found?.essence) type.charset ??= found.charset;
    found = type;
  }
  return found;
}

const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/;

function parsedType(value) {
  const [, kind, rough, more] = /^[\t\n\r ]*([^/]*)\/([^;]*)(?:;(.*))?$/s.exec(value) ?? [];
  if (kind === undefined) return null;
  const subtype = cutEnd(rough, /[\t\n\r ]/);
  if (!TOKEN.test(kind) || !TOKEN.test(subtype)) return null;
  const type = { essence: `${kind}/${subtype}`.toLowerCase(), charset: null };
  let rest = more ?? "";
  while (rest !== "") {
    rest = rest.replace(/^[\t\n\r ]+/, "");
    const name = /^[^;=]*/.exec(rest)[0];
    rest = rest.slice(name.length);
    if (!rest.startsWith("=")) {
      rest = rest.slice(1);
      continue;
    }
    const [, quoted] = /^="((?:\\.|[^"\\])*\\?)/s.exec(rest) ?? [];
    const plain = /^=([^;]*)/.exec(rest);
    const content = quoted === undefined ? cutEnd(plain[1], /[\t\n\r ]/) : quoted.replace(/\\(.)/gs, "$1");
    const after = quoted === undefined ? rest.slice(plain[0].length) : rest.slice(2 + quoted.length);
    rest = after.includes(";") ? after.slice(after.indexOf(";") + 1) : "";
    const isValid = (quoted !== undefined || content !== "") && /^[\t\x20-\x7e\x80-\xff]*$/.test(content);
    if (name.toLowerCase() === "charset" && isValid && TOKEN.test(name)) type.charset ??= content;
  }
  return type;
}

/**
 * Parameters in their order, `[name, value]`, names in lower case, up to the end of the text or to the first of `ends`
 * that is outside quotes; and what is left from there.
 */
function readParameters(text, end, readOne = readValue) {
  const found = [];
  const stop = end === "" ? /[;=]/ : /[;=,]/;
  let rest = text;
  for (;;) {
    rest = rest.replace(/^[; \t]+/, "");
    if (rest === "" || (end !== "" && rest.startsWith(end))) return [found, rest];
    const at = rest.search(stop);
    const name = trimmed(at < 0 ? rest : rest.slice(0, at)).toLowerCase();
    rest = at < 0 ? "" : rest.slice(at);
    let value = "";
    if (rest.startsWith("=")) [value, rest] = readOne(rest.slice(1).replace(/^[ \t]+/, ""), end);
    if (name !== "" && found.length < MOST_PARAMETERS) found.push([name, value]);
  }
}

/** A quoted string, or what stands up to a semicolon or an end; and what follows. */
function readValue(text, end) {
  const upTo = (from) => {
    const at = from.search(end === "" ? /;/ : /[;,]/);
    return at < 0 ? from.length : at;
  };
  if (!text.startsWith('"')) {
    const at = upTo(text);
    return [cutEnd(text.slice(0, at), /[ \t]/), text.slice(at)];
  }
  const [whole, quoted] = /^"((?:\\.|[^"\\])*)\\?"?/s.exec(text);
  const rest = text.slice(whole.length);
  // What stands between the quote and the next semicolon is junk.
  return [quoted.replace(/\\(.)/gs, "$1"), rest.slice(upTo(rest))];
}

/** Parameters as forms write them: WHATWG HTML, "multipart/form-data encoding algorithm". */
function formParameters(text) {
  const undone = { "%22": '"', "%0D": "\r", "%0A": "\n" };
  const [found] = readParameters(text, "", readFormValue);
  return found.map(([name, value]) => [name, name.endsWith("*") ? value : value.replace(/%22|%0D|%0A/g, (escape) => undone[escape])]);
}

/** As `readValue`, where a backslash means itself. */
function readFormValue(text) {
  const [whole, quoted] = /^"([^"]*)"?/.exec(text) ?? [];
  if (quoted === undefined) return readValue(text, "");
  const rest = text.slice(whole.length);
  const at = rest.indexOf(";");
  return [quoted, at < 0 ? "" : rest.slice(at)];
}

/**
 * The text without those at its end of which this says so. An expression with `+$` would look on from each of a run that
 * stands elsewhere, too, and take the square of its length.
 */
export function cutEnd(text, what) {
  let end = text.length;
  while (end > 0 && what.test(text[end - 1])) end--;
  return text.slice(0, end);
}

const trimmed = (text) => cutEnd(text, /[ \t\n\f\r]/).replace(/^[ \t\n\f\r]+/, "");

const valueOf = (parameters, name) => parameters.find(([known]) => known === name)?.[1];

/** The first parameter of this name: from `name*` where that is there and can be read, else from `name`. */
function textOf(parameters, name) {
  for (const [known, value] of parameters) {
    const text = known === `${name}*` ? extended(value) : undefined;
    if (text !== undefined) return text;
  }
  return valueOf(parameters, name);
}

/** RFC 8187: `charset'language'percent-encoded`, in UTF-8 or ISO-8859-1. */
function extended(value) {
  const [, charset, encoded] = /^([^']*)'[^']*'(.*)$/s.exec(value) ?? [];
  if (encoded === undefined || /%(?![0-9a-f]{2})/i.test(encoded)) return undefined;
  const bytes = [];
  for (const [part] of encoded.matchAll(/%[0-9a-f]{2}|[^%]+/gi)) {
    if (part.startsWith("%")) bytes.push(Number.parseInt(part.slice(1), 16));
    else for (const byte of new TextEncoder().encode(part)) bytes.push(byte);
  }
  if (charset.toLowerCase() === "iso-8859-1") return bytes.map((byte) => String.fromCharCode(byte)).join("");
  if (charset.toLowerCase() !== "utf-8") return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

/** An object without a prototype: the names are a stranger's. */
function firsts(parameters) {
  const all = Object.create(null);
  for (const [name, value] of parameters) all[name] ??= value;
  return all;
}
