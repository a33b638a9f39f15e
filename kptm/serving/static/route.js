// Where we are: the location's hash names the view and what it shows, so that a view can be shared.

/** `#/graph?key=Paris` as { view: "graph", parameters }. */
export function here() {
  const [view, query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { view, parameters: new URLSearchParams(query) };
}

/** The hash of a view; parameters that are empty are left out. */
export function to(view, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value);
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query ? `?${query}` : ""}`;
}

/** Go there; where we are there already, show it anew. */
export function go(view, parameters = {}) {
  const hash = to(view, parameters);
  if (location.hash === hash) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = hash;
}
