/** What went wrong, as an API tells it (RFC 9457): `application/problem+json`, as src/problem.rs reads it. */

import { essence } from "./fields.js";

/** Whether a body of this content type is one. */
export function isProblemType(contentType) {
  return essence(contentType) === "application/problem+json";
}

/** What this body tells that came from `url`; null where it is no JSON object. */
export function problemOf(bytes, url) {
  let members;
  try {
    members = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  if (typeof members !== "object" || members === null || Array.isArray(members)) return null;
  const problem = { ...members, type: "about:blank" };
  for (const name of ["title", "detail", "status", "instance"]) delete problem[name];
  const text = (name) => (typeof members[name] === "string" ? members[name] : undefined);
  if (text("type") !== undefined) problem.type = absolute(text("type"), url);
  if (text("instance") !== undefined) problem.instance = absolute(text("instance"), url);
  for (const name of ["title", "detail"]) if (text(name) !== undefined) problem[name] = text(name);
  if (Number.isInteger(members.status) && members.status >= 100 && members.status < 600) problem.status = members.status;
  return problem;
}

/** A problem for people, in one line; empty where it has no words. */
export function inWords(problem) {
  return inALine([problem?.title, problem?.detail].filter((words) => words !== undefined).join(": "), 300);
}

/** The start of a text, for a message: of what a terminal obeys, or what turns the text around it, U+FFFD is shown. */
export function inALine(text, most) {
  const line = [...text.replace(/[\s\x85]+/g, " ").trim()].slice(0, most).join("");
  return line.replace(/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** The reference, resolved where it has no scheme of its own. */
function absolute(reference, base) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(reference)) return reference;
  try {
    return new URL(reference, base).href;
  } catch {
    return reference;
  }
}
