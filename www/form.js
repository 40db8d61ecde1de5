/** The settings: what the user wrote, checked, with what is wrong told beside its field. */
export class Form {
  /** The demo's own URLs, and what each of them shows. */
  shows = new Map();

  #form;
  #urls;
  #reset;

  constructor(form) {
    this.#form = form;
    this.#urls = form.elements.urls;
    this.#reset = form.querySelector("#reset");
    this.#reset.addEventListener("click", () => this.#prefill());
    form.addEventListener("input", ({ target }) => fault(target, ""));
  }

  /** Fetches the demo's list. Where nobody serves one, the user writes one. */
  async load() {
    const response = await fetch("/demo.json").catch(() => null);
    if (!response?.ok) return;
    for (const { url, what } of await response.json()) this.shows.set(url, what);
    this.#reset.hidden = false;
    if (this.#urls.value === "") this.#prefill();
  }

  /** `{ urls, limit, limitPerHost, timeout, ordered }`; null when something is wrong, which then has the focus. */
  read() {
    const { elements } = this.#form;
    const numbers = ["limit", "limitPerHost", "total", "headers"].map((name) => elements[name]);
    for (const input of numbers) fault(input, problem(input));
    const urls = lines(this.#urls.value);
    fault(this.#urls, urls.length === 0 ? "Write at least one URL." : "");
    const wrong = this.#form.querySelector("[aria-invalid=true]");
    if (wrong) {
      wrong.focus();
      return null;
    }
    const [limit, limitPerHost, total, headers] = numbers.map((input) => input.valueAsNumber);
    return { urls, limit, limitPerHost, timeout: { total, headers }, ordered: elements.ordered.checked };
  }

  #prefill() {
    this.#urls.value = [...this.shows.keys()].join("\n");
    fault(this.#urls, "");
  }
}

/** One URL a line; blank lines and lines that start with # are skipped. */
function lines(text) {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
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
