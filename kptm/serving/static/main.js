// The page: which view is shown, by the location's hash.

import { get } from "./api.js";
import { showAsk, startAsk } from "./ask.js";
import { byId } from "./dom.js";
import { showGraph, startGraph } from "./graph.js";
import { showHistory, startHistory } from "./history.js";
import { showLink, startLink } from "./link.js";
import { showReview, startReview } from "./review.js";
import { here } from "./route.js";

const VIEWS = { ask: showAsk, link: showLink, graph: showGraph, history: showHistory, review: showReview };

let workspace = "kptm";

function arrive() {
  const { view: wanted, parameters } = here();
  const view = Object.hasOwn(VIEWS, wanted) ? wanted : "ask";
  for (const name of Object.keys(VIEWS)) byId(name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const what = parameters.get("q") ?? parameters.get("key");
  document.title = [what, view[0].toUpperCase() + view.slice(1), workspace].filter(Boolean).join(" · ");
  VIEWS[view](parameters);
}

async function start() {
  const about = await get("about").catch(() => null);
  if (about) {
    workspace = about.name;
    byId("workspace").textContent = about.name;
    byId("mode").textContent = about.allow_edit ? "may be edited" : "read only";
    byId("about").textContent = `kptm ${about.version}`;
  }
  startAsk();
  startLink();
  startGraph();
  startHistory(about?.allow_edit ?? false);
  startReview(about?.allow_edit ?? false);
  byId("skip").addEventListener("click", () => byId("main").focus());
  window.addEventListener("hashchange", arrive);
  arrive();
}

start();
