import { messageOf } from "./save.js";
import { errorCode, isFailure, parsed } from "./words.js";

/** The table of rows, each as it comes. */
export class Rows {
  #list;

  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#list.replaceChildren();
  }

  /**
   * Adds a row. `shows` is what the demo's page is there to show, `took` how long it was under way, in ms, `by` which
   * way it came, where that is not all of them's.
   */
  add(row, { shows, took, by }) {
    const line = document.createElement("tr");
    line.setAttribute("role", "row");
    line.className = isFailure(row) ? "failed" : "";
    line.append(
      cell("Number", "number", String(row.index + 1)),
      cell("Status", "status", status(row)),
      cell("Title", "title", ...title(row)),
      cell("URL", "url", ...url(row, shows)),
      cell("Encoding", "encoding", ...encoding(row)),
      cell("In flight", "number time", took === null ? "–" : `${Math.round(took).toLocaleString("en")} ms`, ...(by ? [text("span", "aside", by)] : [])),
    );
    this.#list.append(line);
  }
}

function status(row) {
  if (row.error) return text("span", "chip bad", "error");
  return text("span", row.status < 400 ? "chip good" : "chip odd", String(row.status));
}

function title(row) {
  if (row.error) {
    const parts = [text("strong", "code", errorCode(row.error))];
    const message = messageOf(row.error);
    if (message) parts.push(text("span", "aside", message));
    return parts;
  }
  if (row.title === null || row.title === undefined) return [text("em", "none", "no title")];
  const shown = text("span", "", row.title);
  // A stranger's text runs in its own direction.
  shown.dir = "auto";
  return [shown];
}

function url(row, shows) {
  const link = text("a", "", "");
  link.title = row.url;
  // It may be broken into lines before a slash.
  const pieces = row.url.split(/(?<=[^/])(?=\/[^/])/);
  link.append(...pieces.flatMap((piece) => [document.createElement("wbr"), piece]));
  if (/^https?:$/.test(parsed(row.url)?.protocol)) {
    link.href = row.url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  // Where it is the encoding that is shown, that has a column of its own.
  return shows && shows !== `${row.encoding} ${decidedBy(row)}` ? [link, text("span", "aside", shows)] : [link];
}

function encoding(row) {
  if (!row.encoding) return ["–"];
  const source = decidedBy(row);
  return source ? [row.encoding, text("span", "aside", source)] : [row.encoding];
}

const decidedBy = ({ encodingSource }) => SOURCES[encodingSource] ?? encodingSource;

/** What decided on an encoding, in words. */
const SOURCES = {
  bom: "by byte order mark",
  "content-type": "by header",
  detected: "detected",
  meta: "by <meta>",
  "utf-8": "unlabelled",
  xml: "by XML declaration",
};

function cell(label, kind, ...content) {
  const td = document.createElement("td");
  td.setAttribute("role", "cell");
  td.className = kind;
  // The heading, where a row is a card.
  td.dataset.label = label;
  td.append(...content);
  return td;
}

function text(name, kind, words) {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  node.textContent = words;
  return node;
}
