// The page of a server of several workspaces: a list of those that the visitor may read.

import { askForToken, keepFor } from "./access.js";
import { get } from "./api.js";
import { byId, el, problem, show } from "./dom.js";
import { loadWords, say } from "./language.js";

async function start() {
  await loadWords();
  const result = byId("workspaces-result");
  try {
    const found = await get("workspaces").catch((error) => {
      if (error.status !== 401) throw error;
      return askForToken(error.message, () => get("workspaces"));
    });
    for (const { path } of found) keepFor(new URL(path, location.href).pathname);
    const items = found.map(({ name, path }) => el("li", {}, el("a", { href: path }, name)));
    show(result, items.length ? el("ul", {}, ...items) : el("p", {}, say("workspaces.none")));
  } catch (error) {
    show(result, problem(error));
  }
  byId("workspaces").hidden = false;
}

start();
