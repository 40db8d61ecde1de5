/**
 * The waterfall: a line for each request, a bar for each part of it, and above them how many are in flight.
 *
 * The bars are drawn in milliseconds. What grows with time is only the box that they are seen through.
 */
const LINE = 22;
const BAR = 12;
const FLIGHTS = 56;
/** So far apart are the ticks at least, in pixels. */
const TICK = 60;
/** What the box shows from the start, in ms. */
const SHORTEST = 1_000;

export class Chart {
  #place;
  #trace;
  #labels;
  #bars;
  #flights;
  #limitLine;
  #axis;
  #scroller;
  #follows;
  #drawn = [];
  #limit;

  constructor(place) {
    this.#place = place;
  }

  /** Begins anew. `labels` are what the lines are called. */
  begin(trace, labels, limit) {
    this.#trace = trace;
    this.#limit = Math.min(limit, labels.length);
    this.#drawn = trace.requests.map(({ url }) => ({ group: svg("g", { "data-url": url }), waits: null, tries: [], over: false }));
    this.#flights = svg("path", { class: "flights" });
    this.#limitLine = svg("path", { class: "limit" });
    this.#bars = svg("svg", { class: "bars", preserveAspectRatio: "none", height: labels.length * LINE, "aria-hidden": "true" });
    this.#bars.append(...this.#drawn.map(({ group }) => group));
    const strip = svg("svg", { class: "strip", preserveAspectRatio: "none", height: FLIGHTS, "aria-hidden": "true" });
    strip.append(this.#flights, this.#limitLine);
    this.#axis = element("div", { class: "axis", "aria-hidden": "true" });
    this.#labels = labels.map((label) => {
      const line = element("li", { title: label });
      line.textContent = label;
      return line;
    });
    const names = element("ol", { class: "names" });
    names.append(...this.#labels);
    const scale = element("div", { class: "scale" });
    scale.textContent = `in flight, limit ${limit}`;
    this.#scroller = element("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "Requests" });
    this.#scroller.append(names, this.#bars);
    // Who moves it looks at something.
    this.#follows = true;
    for (const moved of ["wheel", "pointerdown", "keydown"]) {
      this.#scroller.addEventListener(moved, () => (this.#follows = false), { passive: true });
    }
    this.#place.replaceChildren(scale, strip, element("div"), this.#axis, this.#scroller);
    this.draw();
  }

  /** Brings it up to date. */
  draw() {
    const { elapsed, requests } = this.#trace;
    const span = Math.max(elapsed, SHORTEST);
    this.#bars.setAttribute("viewBox", `0 0 ${span} ${requests.length * LINE}`);
    this.#follow(requests);
    const { scrollTop, clientHeight } = this.#scroller;
    const seen = ({ index }) => (index + 1) * LINE >= scrollTop && index * LINE <= scrollTop + clientHeight;
    for (const request of requests) {
      // Of thousands that wait, only those in sight need to grow.
      if (request.done !== null || request.tries.length > 0 || seen(request)) this.#request(request, elapsed);
    }
    this.#strip(span, elapsed);
    this.#ticks(span);
  }

  /** Keeps the last one that has started in sight. */
  #follow(requests) {
    if (!this.#follows || this.#scroller.scrollHeight <= this.#scroller.clientHeight) return;
    const last = requests.findLastIndex(({ tries }) => tries.length > 0);
    this.#scroller.scrollTop = (last + 3) * LINE - this.#scroller.clientHeight;
  }

  #request(request, elapsed) {
    const drawn = this.#drawn[request.index];
    if (drawn.over) return;
    const y = request.index * LINE + (LINE - BAR) / 2;
    let from = 0;
    request.tries.forEach((attempt, nth) => {
      const { start, head, end } = attempt;
      const parts = (drawn.tries[nth] ??= {
        waits: bar(drawn.group, "waits", y),
        headers: bar(drawn.group, "headers", y),
        body: bar(drawn.group, "body", y),
      });
      stretch(parts.waits, from, start);
      stretch(parts.headers, start, head ?? end ?? elapsed);
      stretch(parts.body, head, head === null ? null : (end ?? elapsed));
      from = end ?? elapsed;
    });
    const name = this.#labels[request.index];
    name.className = request.done !== null ? request.outcome : request.tries.length ? "flying" : "";
    const open = request.tries.at(-1);
    const waiting = request.done === null && (!open || open.end !== null);
    if (waiting) stretch((drawn.waits ??= bar(drawn.group, "waits", y)), from, elapsed);
    else if (drawn.waits) stretch(drawn.waits, null, null);
    if (request.done === null) return;
    drawn.over = true;
    if (!open) stretch((drawn.waits ??= bar(drawn.group, "waits", y)), 0, request.done);
    if (request.outcome === "failed" || (request.outcome === "stopped" && open)) {
      const mark = svg("path", { class: request.outcome, d: `M${open?.end ?? request.done} ${y - 3}v${BAR + 6}` });
      drawn.group.append(mark);
    }
  }

  #strip(span, elapsed) {
    const top = this.#limit * 1.25;
    const y = (count) => (FLIGHTS * (1 - count / top)).toFixed(2);
    const steps = this.#trace.flights.map(({ at, count }) => `H${at.toFixed(1)}V${y(count)}`).join("");
    this.#flights.setAttribute("d", `M0 ${FLIGHTS}${steps}H${elapsed.toFixed(1)}V${FLIGHTS}Z`);
    this.#limitLine.setAttribute("d", `M0 ${y(this.#limit)}H${span}`);
    this.#flights.parentNode.setAttribute("viewBox", `0 0 ${span} ${FLIGHTS}`);
  }

  #ticks(span) {
    const step = niceStep(span / Math.max(this.#axis.clientWidth / TICK, 1));
    // The last one's text must fit, too.
    const wanted = Math.floor((span * 0.95) / step) + 1;
    while (this.#axis.children.length > wanted) this.#axis.lastChild.remove();
    while (this.#axis.children.length < wanted) this.#axis.append(element("span"));
    [...this.#axis.children].forEach((tick, nth) => {
      const text = nth === 0 ? "0" : `${+((nth * step) / 1000).toFixed(2)} s`;
      if (tick.textContent !== text) tick.textContent = text;
      tick.style.left = `${((nth * step) / span) * 100}%`;
    });
  }
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function bar(group, kind, y) {
  const bar = svg("rect", { class: kind, y, height: BAR });
  group.append(bar);
  return bar;
}

function stretch(bar, from, to) {
  bar.setAttribute("x", (from ?? 0).toFixed(2));
  bar.setAttribute("width", from === null || to === null ? 0 : Math.max(to - from, 0).toFixed(2));
}

function svg(name, attributes) {
  return set(document.createElementNS("http://www.w3.org/2000/svg", name), attributes);
}

function element(name, attributes = {}) {
  return set(document.createElement(name), attributes);
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
