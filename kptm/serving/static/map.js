// The map of thousands of nodes: a canvas with buttons and keys, what is selected on it, and the largest nodes as a list.

import { get } from "./api.js";
import { el } from "./dom.js";
import { described } from "./entity.js";
import { counted, say } from "./language.js";
import { arranged, drawing } from "./map-drawing.js";
import { saveMapPng, saveMapSvg } from "./picture-file.js";
import { go, to } from "./route.js";

const LISTED = 100; // nodes in the list
const PAUSE = 150; // milliseconds on a node before its facts are fetched
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

const button = (key, click) => el("button", { type: "button", click }, say(key));

/**
 * The map around an entity or, without a key, of the whole graph.
 *
 * @returns The elements of the view, and `start`, which draws once they are on the page.
 */
export async function mapView(key, signal) {
  const started = performance.now();
  const [found, known] = await Promise.all([
    get("map", key ? { key } : {}, signal),
    key ? get("entity", { key }, signal) : null,
  ]);
  if (!found.nodes.length) {
    return { entity: null, content: [el("p", { class: "hint" }, say("graph.empty"))], start: () => ({ stop() {}, resized() {} }) };
  }
  const label = known?.entity.label ?? say("map.whole");
  const map = arranged(found, known?.entity.key ?? "");
  const canvas = el("canvas", { tabindex: 0, role: "application", "aria-label": say("map.of", { name: label }), "aria-describedby": "map-keys map-status" });
  const status = el("p", { class: "hint", id: "map-status", role: "status" }, counted("map.drawn", map.nodes.length, { facts: map.edges.length }),
    found.complete ? null : ` ${say("map.nearest")}`);
  const beside = el("div", { class: "map-beside" }, known ? described(known) : list(map));
  let drawn;
  let timer = 0;

  function choose(at) {
    drawn.select(at);
    clearTimeout(timer);
    if (at < 0) return;
    const node = map.nodes[at];
    status.replaceChildren([node.label, node.type].filter(Boolean).join(", "), ": ", counted("map.facts", node.degree));
    timer = setTimeout(async () => {
      const one = await get("entity", { key: node.key }).catch(() => null);
      if (one && drawn.selected() === at) beside.replaceChildren(described(one));
    }, PAUSE);
  }

  const actions = {
    "+": () => drawn.zoomBy(1.4), "=": () => drawn.zoomBy(1.4), "-": () => drawn.zoomBy(1 / 1.4), 0: () => drawn.fit(),
    Escape: () => choose(-1),
    Enter: () => drawn.selected() >= 0 && go("graph", { key: map.nodes[drawn.selected()].key, hops: "map" }),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = ARROWS[event.key] ? () => choose(drawn.towards(...ARROWS[event.key])) : actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  const content = [el("div", { class: "beside" }, el("div", {},
    el("div", { class: "row tools" }, button("map.in", () => drawn.zoomBy(1.4)), button("map.out", () => drawn.zoomBy(1 / 1.4)), button("map.fit", () => drawn.fit()),
      button("picture.png", () => saveMapPng(drawn.state(), label)), button("picture.svg", () => saveMapSvg(drawn.state(), label))),
    el("div", { class: "map" }, canvas), status, el("p", { class: "hint", id: "map-keys" }, say("map.keys").replaceAll("`", "")),
    legend(found, map), known && el("details", {}, el("summary", {}, say("map.list")), list(map))), beside)];
  const start = () => {
    drawn = drawing(canvas, map, choose);
    canvas.dataset.drawn = String(Math.round(performance.now() - started)); // milliseconds from the request to the first picture
    return drawn;
  };
  return { entity: known?.entity ?? null, content, start };
}

function list({ nodes }) {
  const largest = [...nodes].sort((a, b) => b.degree - a.degree || (a.key < b.key ? -1 : 1)).slice(0, LISTED);
  return el("section", { class: "card" }, el("h2", {}, say("map.largest")),
    el("ol", { class: "largest" }, largest.map((node) => el("li", {},
      el("a", { href: to("graph", { key: node.key, hops: "map" }), dir: "auto" }, node.label), " ",
      el("span", { class: "description" }, counted("map.facts", node.degree))))));
}

function legend({ relations }, { slots, order }) {
  return el("ul", { class: "legend" }, order.filter((at) => slots[at] !== "c9").map((at) =>
    el("li", { class: slots[at], dir: "auto" }, relations[at].label)));
}
