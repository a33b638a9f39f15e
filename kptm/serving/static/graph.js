// The view of an entity: a picture of its neighbourhood, whose nodes are links, and the facts beside it.

import { get, part } from "./api.js";
import { byId, el } from "./dom.js";
import { drawn } from "./drawing.js";
import { described } from "./entity.js";
import { say } from "./language.js";
import { picker } from "./picker.js";
import { go } from "./route.js";

const FACTS = [40, 120]; // facts that are drawn at first, and after a click on "more"

const result = byId("graph-result");
const fill = part(result);
let field;
let redraw = () => {};

export function startGraph() {
  field = picker(byId("graph-picker"), (entity) => go("graph", { key: entity.key, hops: hops() === 2 ? 2 : "" }));
  byId("hops").addEventListener("change", () => {
    if (field.key()) go("graph", { key: field.key(), hops: hops() === 2 ? 2 : "" });
  });
  let width = 0;
  new ResizeObserver(() => {
    if (result.clientWidth && result.clientWidth !== width) redraw();
    width = result.clientWidth;
  }).observe(result);
}

const hops = () => Number(document.querySelector("#hops input:checked").value);

export async function showGraph(parameters) {
  const key = parameters.get("key") ?? "";
  const far = parameters.get("hops") === "2" ? 2 : 1;
  document.querySelector(`#hops input[value="${far}"]`).checked = true;
  redraw = () => {};
  if (!key) {
    field.set(null);
    await fill(() => el("p", { class: "hint" }, say("graph.hint")));
    return;
  }
  const walking = result.contains(document.activeElement);
  await draw(key, far, FACTS[0]);
  if (walking) result.querySelector(".hops0")?.focus();
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
  return el("div", { class: "beside" }, el("div", {}, frame, more || null), described(known));
}
