// The view of an entity: a picture of its neighbourhood, whose nodes are links, and the facts beside it.

import { get, part } from "./api.js";
import { byId, el } from "./dom.js";
import { drawn } from "./drawing.js";
import { described } from "./entity.js";
import { say } from "./language.js";
import { mapView } from "./map.js";
import { picker } from "./picker.js";
import { saveDrawingPng, saveDrawingSvg } from "./picture-file.js";
import { go, to } from "./route.js";

const FACTS = [40, 120]; // facts that are drawn at first, and after a click on "more"

const result = byId("graph-result");
const fill = part(result);
let field;
let redraw = () => {};
let map = null; // the map on the page, if there is one

export function startGraph() {
  field = picker(byId("graph-picker"), (entity) => go("graph", { key: entity.key, hops: hops() }));
  byId("hops").addEventListener("change", () => {
    if (field.key() || hops() === "map") go("graph", { key: field.key(), hops: hops() });
  });
  let width = 0;
  new ResizeObserver(() => {
    if (result.clientWidth && result.clientWidth !== width) redraw();
    width = result.clientWidth;
  }).observe(result);
}

/** The chosen distance as in the hash: "" for one hop, "2", or "map". */
const hops = () => document.querySelector("#hops input:checked").value.replace("1", "");

export async function showGraph(parameters) {
  const key = parameters.get("key") ?? "";
  const asked = parameters.get("hops");
  const far = asked === "2" ? 2 : 1;
  document.querySelector(`#hops input[value="${asked === "map" ? "map" : far}"]`).checked = true;
  redraw = () => {};
  map?.stop();
  map = null;
  if (asked === "map") {
    await showMap(key);
    return;
  }
  if (!key) {
    field.set(null);
    await fill(() => el("p", { class: "hint" }, say("graph.hint"), " ", el("a", { href: to("graph", { hops: "map" }) }, say("graph.whole"))));
    return;
  }
  const walking = result.contains(document.activeElement);
  await draw(key, far, FACTS[0]);
  if (walking) result.querySelector(".hops0")?.focus();
}

async function showMap(key) {
  let view = null;
  const walking = result.contains(document.activeElement);
  await fill(async (signal) => {
    view = await mapView(key, signal);
    return view.content;
  });
  if (!view || !result.contains(view.content[0])) return; // an error, or another view by now
  field.set(view.entity);
  map = view.start();
  redraw = () => map?.resized();
  if (walking) result.querySelector("canvas")?.focus();
}

async function draw(key, far, limit) {
  await fill((signal) => around(key, far, limit, signal));
  redraw(); // only now is the frame on the page, so that it has a width
}

async function around(key, far, limit, signal) {
  const [found, known] = await Promise.all([
    get("neighbourhood", { key, hops: far, limit }, signal),
    get("entity", { key }, signal),
  ]);
  field.set(known.entity);
  const frame = el("div", { class: "frame" });
  const more = !found.complete && el("p", { class: "hint" }, say("graph.nearest", { count: found.edges.length }),
    limit < FACTS[1] ? el("button", { type: "button", class: "plain", click: () => draw(key, far, FACTS[1]) }, say("graph.more")) : null);
  redraw = () => frame.clientWidth && frame.replaceChildren(drawn(found, frame.clientWidth, far));
  const picture = () => frame.querySelector("svg");
  const tools = el("div", { class: "row tools" },
    el("button", { type: "button", click: () => saveDrawingPng(picture(), known.entity.label) }, say("picture.png")),
    el("button", { type: "button", click: () => saveDrawingSvg(picture(), known.entity.label) }, say("picture.svg")));
  return el("div", { class: "beside" }, el("div", {}, frame, more || null, tools), described(known));
}
