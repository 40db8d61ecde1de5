/** Rows as files: the columns and fields of the command line's `--format csv` and `jsonl`. */
const FIELDS = {
  url: (row) => row.url,
  final_url: (row) => row.finalUrl,
  status: (row) => row.status,
  title: (row) => row.title,
  title_source: (row) => row.titleSource,
  encoding: (row) => row.encoding,
  encoding_source: (row) => row.encodingSource,
  bytes: (row) => row.bytes,
  elapsed_ms: (row) => Math.trunc(row.elapsed),
  attempts: (row) => row.attempts,
};
const ERROR = {
  code: ({ code, name }) => code ?? name,
  phase: ({ phase }) => phase,
  message: (error) => messageOf(error),
};

/** What an error says. The URL that it is about has a place of its own. */
export const messageOf = ({ message, url }) => (message ?? "").replace(` (${url})`, "");

/** A line of JSON for each row. */
export const jsonl = (rows) => rows.map((row) => `${line(row)}\n`).join("");

/** RFC 4180, in which no spreadsheet finds a formula. */
export function csv(rows) {
  const header = [...Object.keys(FIELDS), ...Object.keys(ERROR).map((name) => `error_${name}`)];
  const records = rows.map((row) => [...values(FIELDS, row), ...(row.error ? values(ERROR, row.error) : [null, null, null])]);
  return [header, ...records].map((record) => `${record.map(field).join(",")}\r\n`).join("");
}

/** Has the browser save a text as a file. */
export function save(name, type, text) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.click();
  // By then it has taken it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const values = (fields, of) => Object.values(fields).map((value) => value(of) ?? null);

function named(fields, of) {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, fields[name](of) ?? null]));
}

/** What a terminal, or a reader of lines, would act upon, is escaped. */
function line(row) {
  const text = JSON.stringify({ ...named(FIELDS, row), error: row.error ? named(ERROR, row.error) : null });
  return text.replace(ACTED_UPON, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function field(value) {
  if (typeof value === "number") return String(value);
  const text = plain(value ?? "");
  // A spreadsheet takes what begins so for a formula, of a stranger's making, unless an apostrophe goes before it.
  const safe = /^[=+\-@＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Without what RFC 4180 has no way to write: white space becomes a space, all else U+FFFD. */
function plain(text) {
  return text.replace(/\p{Surrogate}/gu, "\uFFFD").replace(ACTED_UPON, (c) => (/[\t\n\r\u2028\u2029]/.test(c) ? " " : "\uFFFD"));
}

const ACTED_UPON = /[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
