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

/** The statuses by which `fetch` is redirected. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** A function of `fetch`'s signature over this session. */
export function fetchOver(session) {
  return async function fetch(input, init = {}) {
    const request = new Request(input, init);
    const options = { headers: [...request.headers], method: request.method };
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    if (signal) options.signal = signal;
    const own = init?.body;
    if (own instanceof FormData || own instanceof Blob) {
      options.body = own;
      // The platform sets it anew, with what then separates the parts.
      if (own instanceof FormData && !new Headers(init.headers ?? (input instanceof Request ? input.headers : [])).has("content-type")) {
        options.headers = options.headers.filter(([name]) => name !== "content-type");
      }
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      // Not every platform shows a Request's body, so that it has one is seen by what is in it.
      const body = new Uint8Array(await request.arrayBuffer());
      if (body.length > 0 || init?.body != null) options.body = body;
    }
    for (const [name, unset] of Object.entries(PLATFORM)) {
      // What nobody asked for is not set: some run-times refuse it.
      if (request[name] !== undefined && request[name] !== unset) options[name] = request[name];
    }
    if (init?.priority !== undefined) options.priority = init.priority;
    if (request.redirect !== "follow") options.followRedirects = false;
    const response = await session.request(request.url, options);
    try {
      if (request.redirect === "error" && REDIRECTS.includes(response.status) && response.headers.has("location")) {
        throw new TypeError("fetch failed: a redirect, and the mode is \"error\"");
      }
      return platformResponse(response);
    } catch (reason) {
      response.cancel();
      throw reason;
    }
  };
}

function platformResponse(response) {
  const { status, headers } = response;
  // A server may answer by a status that the constructor refuses.
  const usual = status >= 200 && status <= 599;
  const made = new Response(response.body, { status: usual ? status : 200, headers });
  // Nor does it take these.
  for (const name of ["url", "redirected", ...(usual ? [] : ["status", "ok"])]) {
    Object.defineProperty(made, name, { value: response[name], configurable: true, enumerable: true });
  }
  return made;
}
