// The hash of the location names the view and its parameters, so that a view can be shared as a link.

/** The current view and its parameters: `#/graph?key=Paris` gives { view: "graph", parameters }. */
export function here() {
  const [view, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { view, parameters: new URLSearchParams(query) };
}

/** The hash of a view; empty parameters are left out. */
export function to(view, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value);
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query ? `?${query}` : ""}`;
}

/** Go to a view; if it is the current view, show it again. */
export function go(view, parameters = {}) {
  const hash = to(view, parameters);
  if (location.hash === hash) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = hash;
}
