/** The page: settings in, a session over a watched `fetch`, a chart, a panel of hosts and a table out. */
import { Chart } from "./chart.js";
import { Form } from "./form.js";
import { Hosts } from "./hosts.js";
import { Rows } from "./rows.js";
import { csv, jsonl, save } from "./save.js";
import { Trace } from "./trace.js";
import { count, isFailure, label, seconds } from "./words.js";

/** The npm package's build for browsers. */
const PACKAGE = "./pkg/dist/web/index.web.js";

const byId = (id) => document.getElementById(id);
const form = new Form(byId("settings"));
const chart = new Chart(byId("chart"));
const hosts = new Hosts(byId("hosts"));
const rows = new Rows(byId("row-list"));
const buttons = { start: byId("start"), stop: byId("stop") };
const saves = { csv: byId("save-csv"), jsonl: byId("save-jsonl") };

/** As in style.css. */
const ONE_COLUMN = "(max-width: 61.99rem)";

/** The run under way: `{ abort, session, settings, trace, total, rows, failed }`. Null between runs. */
let run = null;
/** The rows of the last run, in the order in which they came. */
let came = [];

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
saves.csv.addEventListener("click", () => save("titles.csv", "text/csv;charset=utf-8", csv(came)));
saves.jsonl.addEventListener("click", () => save("titles.jsonl", "application/jsonl;charset=utf-8", jsonl(came)));
byId("tip-do").addEventListener("click", () => {
  form.way = "gateway";
  start();
});
form.load();

async function start() {
  if (run) return;
  complain("");
  advise(0);
  const settings = form.read();
  if (!settings) return;
  const total = settings.urls.length;
  run = { abort: new AbortController(), session: null, settings, trace: new Trace([]), total, rows: 0, failed: 0, unread: 0 };
  begin();
  let ending = "Done";
  try {
    if (settings.gateway && !(await form.agrees(settings.gateway, run.abort.signal))) ending = "Ready";
    else await fetchAll(settings);
  } catch (error) {
    ending = run.abort.signal.aborted ? "Stopped" : "Failed";
    if (ending === "Failed") complain(`It ended early: ${error?.message ?? error}`);
  }
  end(ending);
}

async function fetchAll({ urls, limit: most, limitPerHost, timeout, retries, ordered, way, gateway }) {
  // Loaded when it is first needed, so that a page whose package does not come can say so. It would come by itself with
  // the first URL, but that is no part of anyone's waiting for a turn.
  const { Session, load } = await import(PACKAGE);
  await load();
  const { signal } = run.abort;
  signal.throwIfAborted();
  // What waits for a connection would be under way to the session, and its time would run.
  const limit = gateway ? Math.min(most, form.gateway.connections) : most;
  const trace = new Trace(urls, { gateway: gateway?.url, retries });
  draw(trace, limit);
  const options = { limit, limitPerHost, timeout, fetch: trace.fetch };
  if (retries > 0) options.retry = { attempts: retries + 1 };
  if (gateway) options.gateway = { ...gateway, auto: way === "auto" };
  const session = new Session(options);
  run.session = session;
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
  hosts.clear();
  came = [];
  for (const button of Object.values(saves)) button.disabled = true;
  for (const id of ["rows", "rows-empty"]) byId(id).hidden = true;
  buttons.stop.disabled = false;
  if (document.activeElement === buttons.start) buttons.stop.focus();
  buttons.start.disabled = true;
  state("running", "Running");
  say(`Fetching ${count(run.total, "URL")}.`);
}

/** Begins the chart. The time has begun with the trace. */
function draw(trace, limit) {
  run.trace = trace;
  byId("chart").hidden = false;
  byId("chart-empty").hidden = true;
  byId("figures-gateway").hidden = run.settings.way !== "auto";
  chart.begin(trace, trace.requests.map(({ url }) => label(url, form.shows.get(url))), limit);
  // On a phone what happens is further down.
  if (matchMedia(ONE_COLUMN).matches) byId("progress").closest("section").scrollIntoView();
  const frame = () => {
    if (run?.trace !== trace) return;
    show();
    requestAnimationFrame(frame);
  };
  frame();
}

function take(row) {
  came.push(row);
  run.rows += 1;
  run.failed += isFailure(row) ? 1 : 0;
  // What a browser says of a site that does not let a page read it, and of much else.
  run.unread += row.error?.code === "network" ? 1 : 0;
  run.trace.settle(row.index, isFailure(row) ? "failed" : "done");
  const { url, tries, way } = run.trace.requests[row.index];
  const took = tries.length ? tries.at(-1).end - tries[0].start : null;
  const by = run.settings.way === "auto" && way ? { direct: "directly", gateway: "by the gateway" }[way] : null;
  rows.add(row, { shows: form.shows.get(url), took, by });
  byId("rows").hidden = false;
  for (const button of Object.values(saves)) button.disabled = false;
}

function end(ending) {
  run.trace.end();
  show(true);
  state(ending.toLowerCase(), ending);
  const { failed, total, rows: told, trace, unread, settings } = run;
  const sum = `${ending}: ${told} of ${count(total, "row")}, ${failed} failed, in ${seconds(trace.elapsed)}.`;
  byId("spoken").textContent = ending === "Ready" ? "" : `${sum} At most ${trace.peak} at once.`;
  if (told === 0) byId("rows-empty").hidden = false;
  if (trace.requests.length === 0) {
    byId("chart").hidden = true;
    byId("chart-empty").hidden = false;
  }
  buttons.start.disabled = false;
  if (document.activeElement === buttons.stop) buttons.start.focus();
  buttons.stop.disabled = true;
  if (unread > 0 && settings.way === "direct" && form.gateway.isThere) advise(unread);
  run = null;
}

/** What else there is to do about sites that this browser could not read. */
function advise(unread) {
  byId("tip").className = unread === 0 ? "unseen" : "tip";
  byId("tip-do").hidden = unread === 0;
  byId("tip-words").textContent = unread === 0 ? "" : advice(unread);
}

function advice(unread) {
  const [sites, them] = unread === 1 ? ["One URL was", "it"] : [`${unread} URLs were`, "them"];
  return `${sites} not to be read from here. A browser does not say why; most often the site lets no other page read ${them} (CORS). The gateway may.`;
}

/** The figures, the chart and the hosts, as they are now. */
function show(isLast = false) {
  const { trace, total, failed, rows: told } = run;
  const figures = {
    rows: told,
    total: `of ${total}`,
    failed,
    flying: trace.inFlight,
    peak: trace.peak,
    "peak-host": trace.peakPerHost,
    gateway: trace.byGateway,
    time: seconds(trace.elapsed),
  };
  for (const [name, value] of Object.entries(figures)) {
    const place = byId(`figure-${name}`);
    if (place.textContent !== String(value)) place.textContent = value;
  }
  byId("figure-failed").classList.toggle("bad", failed > 0);
  const progress = byId("progress");
  progress.max = total;
  progress.value = told;
  say(`${told} of ${count(total, "row")}, ${failed} failed.`);
  // What was there before stays until there is something to draw.
  if (trace.requests.length === 0) return;
  chart.draw();
  hosts.draw(() => hostsNow(trace, run.session), isLast);
}

/** Each host as it is now. What is under way there the session tells; what has come, and what waits to be tried again, the trace. */
function hostsNow(trace, session) {
  const flying = new Map(session?.figures().hosts.map(({ origin, inFlight }) => [origin, inFlight]));
  return trace.hosts.map((host) => {
    const under = flying.get(host.origin) ?? 0;
    const { total, done, failed, stopped, backing } = host;
    const waiting = Math.max(total - done - failed - stopped - backing - under, 0);
    return { ...host, flying: under, waiting };
  });
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
