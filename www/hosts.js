import { count, size } from "./words.js";

/** So many are shown: of more than that, those first where something happens or has failed. */
const MOST = 50;
/** So often at most is it brought up to date, in ms. */
const EVERY = 150;
const PARTS = ["done", "failed", "flying", "backing", "waiting"];
/** What the bar shows of a host. What was stopped is as bare as what waits. */
const SHARES = [...PARTS, "stopped"];

/** The panel of hosts: what is under way at each, what waits and what has come. */
export class Hosts {
  #section;
  #list;
  #shown;
  #rows = new Map();
  #last = 0;

  constructor(section) {
    this.#section = section;
    this.#list = section.querySelector("tbody");
    this.#shown = section.querySelector("#hosts-shown");
  }

  clear() {
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#section.hidden = true;
    this.#last = 0;
  }

  /** Brings it up to date with the hosts that it is given by `ask`; `now` also where that was done a moment ago. */
  draw(ask, now = false) {
    const time = performance.now();
    if (!now && time - this.#last < EVERY) return;
    this.#last = time;
    const hosts = ask();
    this.#section.hidden = hosts.length === 0;
    const seen = hosts.length <= MOST ? hosts : [...hosts].sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
    const words = seen.length < hosts.length ? `${seen.length} of ${count(hosts.length, "host")}` : count(hosts.length, "host");
    write(this.#shown, words);
    for (const host of seen) this.#row(host);
    if (seen.length === hosts.length) return;
    const kept = new Set(seen.map(({ origin }) => origin));
    for (const [origin, { line }] of this.#rows) line.hidden = !kept.has(origin);
  }

  #row(host) {
    let row = this.#rows.get(host.origin);
    if (!row) this.#rows.set(host.origin, (row = made(host.origin)));
    if (!row.line.parentNode) this.#list.append(row.line);
    for (const part of PARTS) {
      write(row.cells[part], host[part].toLocaleString("en"));
      row.cells[part].classList.toggle("nil", host[part] === 0);
    }
    for (const part of SHARES) row.bars[part].style.flexGrow = host[part];
    row.cells.failed.classList.toggle("bad", host.failed > 0);
    write(row.cells.bytes, size(host.bytes));
  }
}

/** Where something happens, then what has failed, then what waits, then the rest. */
function rank({ flying, backing, failed, waiting }) {
  if (flying + backing > 0) return 0;
  if (failed > 0) return 1;
  return waiting > 0 ? 2 : 3;
}

function made(origin) {
  const line = element("tr", "");
  line.setAttribute("role", "row");
  line.dataset.origin = origin;
  const head = element("th", "host");
  head.scope = "row";
  head.setAttribute("role", "rowheader");
  const name = element("span", "name");
  const { host, protocol } = new URL(origin);
  name.textContent = host;
  name.title = origin;
  if (protocol !== "https:") name.prepend(Object.assign(element("span", "scheme"), { textContent: `${protocol}//` }));
  const bar = element("span", "share");
  bar.setAttribute("aria-hidden", "true");
  const bars = Object.fromEntries(SHARES.map((part) => [part, element("span", part)]));
  bar.append(...Object.values(bars));
  head.append(name, bar);
  const cells = {};
  const labels = { flying: "In flight", waiting: "Waiting", backing: "Back-off", done: "Done", failed: "Failed", bytes: "Received" };
  for (const [part, label] of Object.entries(labels)) {
    cells[part] = element("td", `number ${part}`);
    cells[part].setAttribute("role", "cell");
    // The heading, where a row is a card.
    cells[part].dataset.label = label;
  }
  line.append(head, ...Object.values(cells));
  return { line, cells, bars };
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function element(name, kind) {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  return node;
}
