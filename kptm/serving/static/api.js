// Calls the REST API: returns the response, or throws an Error with the server's message.

import { accessHeaders } from "./access.js";
import { busy, problem, show } from "./dom.js";
import { chosenLanguage, say } from "./language.js";

const ROOT = "api/v1/";

async function fetched(path, options) {
  const chosen = chosenLanguage();
  if (chosen) options.headers = { ...options.headers, "accept-language": chosen }; // otherwise the browser sends its own languages
  options.headers = { ...options.headers, ...accessHeaders() };
  let response;
  try {
    response = await fetch(ROOT + path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(say("silent"));
  }
  const value = await response.json().catch(() => ({ detail: say("unreadable") }));
  if (!response.ok) throw Object.assign(new Error(value.detail), { status: response.status });
  return value;
}

export const get = (path, parameters = {}, signal) =>
  fetched(`${path}?${new URLSearchParams(parameters)}`, { signal });

export const post = (path, body, signal) =>
  fetched(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });

/** A function that fills a part of the page with a response; a new call cancels the request of the call before. */
export function part(node) {
  let current;
  return async (make) => {
    current?.abort();
    const mine = (current = new AbortController());
    busy(node);
    try {
      const made = await make(mine.signal);
      if (current === mine) show(node, ...[made].flat());
    } catch (error) {
      if (error.name !== "AbortError" && current === mine) show(node, problem(error));
    }
  };
}
