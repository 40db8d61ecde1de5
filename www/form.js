import { Gateway } from "./gateway.js";

/** What is prefilled for the demo's sites, so that something is seen to wait, and to time out. */
const DEMO = { limit: 4, limitPerHost: 2, total: 10_000, headers: 2_000 };

/** What each way means for the URLs. */
const HINTS = {
  direct: "A browser lets a page read only the sites that allow it (CORS).",
  gateway: "The gateway reads any public site, whether or not it allows pages to (CORS).",
  auto: "This browser asks first; a site that does not let it read the answer (CORS) is fetched by the gateway.",
};

/** The settings: what the user wrote, checked, with what is wrong told beside its field. */
export class Form {
  /** The demo's own URLs, and what each of them shows. */
  shows = new Map();
  gateway;

  #form;
  #urls;
  #reset;

  constructor(form) {
    this.#form = form;
    this.#urls = form.elements.urls;
    this.#reset = form.querySelector("#reset");
    this.#reset.addEventListener("click", () => this.#prefill());
    this.gateway = new Gateway(form, fault);
    form.addEventListener("input", ({ target }) => {
      fault(target, "");
      this.#ways();
    });
    const fit = stayingWhereItFits(form);
    form.querySelector("#more").addEventListener("toggle", ({ target }) => {
      fit();
      if (target.open) target.scrollIntoView({ block: "nearest" });
    });
    this.#ways();
  }

  /** Looks for a gateway here. Where there is none, this may be the demo, which has a list; else the user writes one. */
  async load() {
    if (await this.gateway.find()) {
      this.way = "gateway";
      return;
    }
    const response = await fetch("demo.json").catch(() => null);
    if (!response?.ok) return;
    for (const { url, what } of await response.json()) this.shows.set(url, what);
    this.#reset.hidden = false;
    document.getElementById("demo-hint").hidden = false;
    if (this.#urls.value === "") this.#prefill();
  }

  /** `direct`, `gateway` or `auto`. */
  get way() {
    return this.gateway.isThere ? this.#form.elements.way.value : "direct";
  }

  set way(way) {
    this.#form.elements.way.value = way;
    this.#ways();
  }

  /**
   * `{ urls, limit, limitPerHost, timeout, retries, ordered, way, gateway }`; null when something is wrong, which then
   * has the focus.
   */
  read() {
    const { elements } = this.#form;
    const numbers = ["limit", "limitPerHost", "total", "headers", "retries"].map((name) => elements[name]);
    for (const input of numbers) fault(input, problem(input));
    const urls = lines(this.#urls.value);
    fault(this.#urls, urls.length === 0 ? "Write at least one URL." : "");
    const { way } = this;
    const gateway = way === "direct" ? null : this.gateway.read();
    if (this.#isWrong()) return null;
    const [limit, limitPerHost, total, headers, retries] = numbers.map((input) => input.valueAsNumber);
    return { urls, limit, limitPerHost, timeout: { total, headers }, retries, ordered: elements.ordered.checked, way, gateway };
  }

  /** Whether the gateway takes requests from here, with this key; what is wrong is told and has the focus. */
  async agrees(gateway, signal) {
    await this.gateway.check(gateway, signal);
    this.#ways();
    return !this.#isWrong();
  }

  #isWrong() {
    const wrong = this.#form.querySelector("[aria-invalid=true]");
    if (!wrong) return false;
    const folded = wrong.closest("details");
    if (folded) folded.open = true;
    wrong.focus();
    return true;
  }

  /** Offers the ways that there are, and says what the one taken means. */
  #ways() {
    document.getElementById("ways").hidden = !this.gateway.isThere;
    const hint = document.getElementById("way-hint");
    if (hint.textContent !== HINTS[this.way]) hint.textContent = HINTS[this.way];
    const { connections } = this.gateway;
    const limit = document.getElementById("limit-hint");
    limit.hidden = this.way === "direct" || connections === Infinity;
    limit.textContent = limit.hidden ? "" : `By this gateway at most ${connections} (by HTTP/1.1).`;
  }

  #prefill() {
    this.#urls.value = [...this.shows.keys()].join("\n");
    for (const [name, value] of Object.entries(DEMO)) {
      this.#form.elements[name].value = value;
      fault(this.#form.elements[name], "");
    }
    fault(this.#urls, "");
  }
}

/** One URL a line; blank lines and lines that start with # are skipped. */
function lines(text) {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}

/** Keeps it in sight while the page scrolls, where the window is high enough for all of it; returns what looks at once. */
function stayingWhereItFits(form) {
  const fit = () => {
    const margins = 2.5 * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const fits = form.offsetHeight + margins <= innerHeight;
    if (fits === form.classList.contains("stays")) return;
    form.classList.toggle("stays", fits);
    // Back in its place it may be far from where the page is scrolled to.
    if (!fits) form.querySelector(":focus")?.scrollIntoView({ block: "nearest" });
  };
  new ResizeObserver(fit).observe(form);
  addEventListener("resize", fit);
  return fit;
}

function problem({ validity, min, max }) {
  return validity.valid ? "" : `A whole number from ${min} to ${Number(max).toLocaleString("en")}.`;
}

function fault(input, words) {
  const place = document.getElementById(`${input.id}-error`);
  if (!place) return;
  place.textContent = words;
  place.hidden = words === "";
  input.setAttribute("aria-invalid", String(words !== ""));
}
