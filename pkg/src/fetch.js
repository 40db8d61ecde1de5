/** Fields of `RequestInit` that a session passes on, and what a `Request` says where nobody chose. */
const PLATFORM = {
  cache: "default",
  credentials: "same-origin",
  integrity: "",
  keepalive: false,
  mode: "cors",
  referrer: "about:client",
  referrerPolicy: "",
};

/** A function of `fetch`'s signature over this session. */
export function fetchOver(session) {
  return async function fetch(input, init = {}) {
    const request = new Request(input, init);
    const options = { headers: [...request.headers], method: request.method };
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    if (signal) options.signal = signal;
    if (request.body !== null || init?.body != null) options.body = new Uint8Array(await request.arrayBuffer());
    for (const [name, unset] of Object.entries(PLATFORM)) {
      // What nobody asked for is not set: some run-times refuse it.
      if (request[name] !== undefined && request[name] !== unset) options[name] = request[name];
    }
    if (init?.priority !== undefined) options.priority = init.priority;
    if (request.redirect !== "follow") options.followRedirects = false;
    const response = await session.request(request.url, options);
    if (request.redirect === "error" && response.status >= 300 && response.status < 400 && response.headers.has("location")) {
      response.cancel();
      throw new TypeError("fetch failed: a redirect, and the mode is \"error\"");
    }
    return platformResponse(response);
  };
}

function platformResponse(response) {
  const { status, headers } = response;
  const made = new Response(response.body, { status, headers });
  // The constructor takes neither.
  for (const name of ["url", "redirected"]) {
    Object.defineProperty(made, name, { value: response[name], configurable: true, enumerable: true });
  }
  return made;
}
