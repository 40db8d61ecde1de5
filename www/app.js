/** The demo page: settings in, a session over a watched `fetch`, a chart and a table out. */
import { Chart } from "./chart.js";
import { Form } from "./form.js";
import { Rows } from "./rows.js";
import { Trace } from "./trace.js";
import { count, isFailure, label, seconds } from "./words.js";

const byId = (id) => document.getElementById(id);
const form = new Form(byId("settings"));
const chart = new Chart(byId("chart"));
const rows = new Rows(byId("row-list"));
const buttons = { start: byId("start"), stop: byId("stop") };

/** As in style.css. */
const ONE_COLUMN = "(max-width: 61.99rem)";

/** The run under way: `{ abort, trace, total, rows, failed }`. Null between runs. */
let run = null;

byId("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
byId("urls").addEventListener("keydown", (event) => {
  // Enter alone is a new line there.
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
});
buttons.stop.addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && run) stop();
});
form.load();

async function start() {
  if (run) return;
  complain("");
  const settings = form.read();
  if (!settings) return;
  run = { abort: new AbortController(), trace: new Trace([]), total: settings.urls.length, rows: 0, failed: 0 };
  begin();
  let ending = "Done";
  try {
    await fetchAll(settings);
  } catch (error) {
    ending = run.abort.signal.aborted ? "Stopped" : "Failed";
    if (ending === "Failed") complain(`It ended early: ${error?.message ?? error}`);
  }
  end(ending);
}

async function fetchAll({ urls, limit, limitPerHost, timeout, ordered }) {
  // Loaded when it is first needed, so that a page whose package does not come can say so. It would come by itself with
  // the first URL, but that is no part of anyone's waiting for a turn.
  const { Session, load } = await import("dualfetch");
  await load();
  const { signal } = run.abort;
  signal.throwIfAborted();
  const trace = draw(urls, limit);
  const session = new Session({ limit, limitPerHost, timeout, fetch: trace.fetch });
  try {
    for await (const row of session.titles(urls, { signal, ordered })) take(row);
  } finally {
    session.close();
  }
}

function stop() {
  run?.abort.abort(new DOMException("stopped by the user", "AbortError"));
}

function begin() {
  rows.clear();
  for (const id of ["rows", "rows-empty"]) byId(id).hidden = true;
  buttons.stop.disabled = false;
  if (document.activeElement === buttons.start) buttons.stop.focus();
  buttons.start.disabled = true;
  state("running", "Running");
  say(`Fetching ${count(run.total, "URL")}.`);
}

/** Begins the chart. The time runs from here. */
function draw(urls, limit) {
  const trace = new Trace(urls);
  run.trace = trace;
  byId("chart").hidden = false;
  byId("chart-empty").hidden = true;
  chart.begin(trace, urls.map((url) => label(url, form.shows.get(url))), limit);
  // On a phone what happens is further down.
  if (matchMedia(ONE_COLUMN).matches) byId("progress").closest("section").scrollIntoView();
  const frame = () => {
    if (run?.trace !== trace) return;
    show();
    requestAnimationFrame(frame);
  };
  frame();
  return trace;
}

function take(row) {
  run.rows += 1;
  run.failed += isFailure(row) ? 1 : 0;
  run.trace.settle(row.index, isFailure(row) ? "failed" : "done");
  const { url, tries } = run.trace.requests[row.index];
  const took = tries.length ? tries.at(-1).end - tries[0].start : null;
  rows.add(row, form.shows.get(url), took);
  byId("rows").hidden = false;
}

function end(ending) {
  run.trace.end();
  show();
  state(ending.toLowerCase(), ending);
  const { failed, total, rows: came, trace } = run;
  const sum = `${ending}: ${came} of ${count(total, "row")}, ${failed} failed, in ${seconds(trace.elapsed)}.`;
  byId("spoken").textContent = `${sum} At most ${trace.peak} at once.`;
  if (came === 0) byId("rows-empty").hidden = false;
  if (trace.requests.length === 0) {
    byId("chart").hidden = true;
    byId("chart-empty").hidden = false;
  }
  buttons.start.disabled = false;
  if (document.activeElement === buttons.stop) buttons.start.focus();
  buttons.stop.disabled = true;
  run = null;
}

/** The figures and the chart, as they are now. */
function show() {
  const { trace, total, failed, rows: came } = run;
  const figures = {
    rows: came,
    total: `of ${total}`,
    failed,
    flying: trace.inFlight,
    peak: trace.peak,
    "peak-host": trace.peakPerHost,
    time: seconds(trace.elapsed),
  };
  for (const [name, value] of Object.entries(figures)) {
    const place = byId(`figure-${name}`);
    if (place.textContent !== String(value)) place.textContent = value;
  }
  byId("figure-failed").classList.toggle("bad", failed > 0);
  const progress = byId("progress");
  progress.max = total;
  progress.value = came;
  say(`${came} of ${count(total, "row")}, ${failed} failed.`);
  // What was there before stays until there is something to draw.
  if (trace.requests.length > 0) chart.draw();
}

/** For those who listen: now and then only, so that it can be spoken to its end. */
const EVERY = 2_000;
let spoken = 0;
function say(words) {
  const now = performance.now();
  if (now - spoken < EVERY) return;
  spoken = now;
  byId("spoken").textContent = words;
}

function state(kind, words) {
  const place = byId("state");
  place.className = `state ${kind}`;
  place.textContent = words;
}

function complain(words) {
  const place = byId("alert");
  place.textContent = words;
  place.hidden = words === "";
}
