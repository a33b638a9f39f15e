// Starts the page and shows the view that the hash of the location names.

import { askForToken } from "./access.js";
import { get } from "./api.js";
import { showAsk, startAsk } from "./ask.js";
import { byId, el } from "./dom.js";
import { showGraph, startGraph } from "./graph.js";
import { choose, LANGUAGES, language, loadWords, say } from "./language.js";
import { showHistory, startHistory } from "./history.js";
import { showLink, startLink } from "./link.js";
import { showReview, startReview } from "./review.js";
import { here } from "./route.js";
import { startSaved } from "./saved.js";

const VIEWS = { ask: showAsk, link: showLink, graph: showGraph, history: showHistory, review: showReview };

let workspace = "kptm";
let about = null;
let started = false; // false while the page asks for a token

function arrive() {
  const { view: wanted, parameters } = here();
  const view = Object.hasOwn(VIEWS, wanted) ? wanted : "ask";
  for (const name of Object.keys(VIEWS)) byId(name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const what = parameters.get("q") ?? parameters.get("key");
  document.title = [what, say(`nav.${view}`), workspace].filter(Boolean).join(" · ");
  VIEWS[view](parameters);
}

function startMode() {
  if (about) byId("mode").textContent = say(about.allow_edit ? "mode.edit" : "mode.read");
}

/** Fill the choice of languages; after a choice, show the current view again in that language. */
function startLanguages() {
  const choice = byId("language");
  choice.replaceChildren(...Object.entries(LANGUAGES).map(([code, name]) => el("option", { value: code, lang: code }, name)));
  choice.value = language();
  choice.addEventListener("change", async () => {
    await choose(choice.value);
    startMode();
    if (started) arrive();
  });
}

async function start() {
  await loadWords();
  startLanguages();
  about = await get("about").catch((error) => (error.status === 401 ? askForToken(error.message, () => get("about")) : null));
  if (about) {
    workspace = about.name;
    byId("workspace").textContent = about.name;
    byId("about").textContent = `kptm ${about.version}`;
    byId("others").hidden = !about.one_of_several;
  }
  startMode();
  startAsk();
  startLink();
  startGraph();
  startHistory(about?.allow_edit ?? false);
  startReview(about?.allow_edit ?? false);
  startSaved(workspace, () => document.title.split(" · ").slice(0, -1).join(" · "));
  byId("skip").addEventListener("click", () => byId("main").focus());
  window.addEventListener("hashchange", arrive);
  started = true;
  arrive();
}

start();
