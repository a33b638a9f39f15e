// Draws a neighbourhood: nodes are links, and edges have the colour of their relation and an arrow at the tail.

import { el, svg } from "./dom.js";
import { say } from "./language.js";
import { laidOut } from "./layout.js";
import { to } from "./route.js";
import { short } from "./words.js";

const COLOURS = 8; // relations with a colour of their own; the others are grey
const DOT = 6;
const CENTRE = 10;
const ARROW = 7;

/** The picture of a neighbourhood and its legend, for a width in pixels. */
export function drawn(found, width, hops) {
  const layout = laidOut(found, width);
  const colour = colours(found);
  const seen = new Map(); // how many edges between two nodes have been drawn
  const picture = svg("svg", {
    viewBox: `0 0 ${layout.width} ${layout.height}`, width: layout.width, height: layout.height,
    role: "group", "aria-label": say("graph.around", { name: found.nodes[0].label }), keydown: walk,
  },
  svg("g", { "aria-hidden": "true" }, found.edges.map((edge) => edgeOf(edge, found, layout, colour, seen))),
  found.nodes.map((node) => nodeOf(node, found, layout, hops)));
  return el("figure", { class: "picture" }, picture, legend(found, colour));
}

function colours({ edges }) {
  const counts = new Map();
  for (const { relation } of edges) counts.set(relation, (counts.get(relation) ?? 0) + 1);
  const order = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
  return new Map(order.map((relation, at) => [relation, at < COLOURS ? `c${at}` : "c9"]));
}

function legend({ relations }, colour) {
  return el("figcaption", {}, el("ul", { class: "legend" }, [...colour].map(([relation, slot]) =>
    el("li", { class: slot, dir: "auto" }, relations[relation]))));
}

function nodeOf(node, found, layout, hops) {
  const place = layout.places.get(node.key);
  const centre = node.hops === 0;
  const how = found.edges.filter((edge) => edge.head === node.key || edge.tail === node.key).slice(0, 3)
    .map((edge) => said(edge, found)).join("; ");
  return svg("a", {
    href: to("graph", { key: node.key, hops: hops === 2 ? 2 : "" }),
    class: `node hops${node.hops}`,
    transform: `translate(${place.x} ${place.y})`,
    "aria-label": [node.label, ...node.types.slice(0, 2)].join(", ") + (centre || !how ? "" : `: ${how}`),
    "aria-current": centre && "true",
    "data-key": node.key,
  },
  svg("title", {}, `${node.label} (${node.key})`),
  svg("circle", { class: "reach", r: 14 }),
  svg("circle", { class: "dot", r: centre ? CENTRE : DOT }),
  label(node, place, layout, found));
}

function label(node, place, layout, found) {
  const gap = (node.hops === 0 ? CENTRE : DOT) + 5;
  const level = { above: { y: -gap, "text-anchor": "middle" }, below: { y: gap + 11, "text-anchor": "middle" },
    left: { x: -gap, y: 4, "text-anchor": "end" }, right: { x: gap, y: 4, "text-anchor": "start" } };
  const relation = layout.rows && place.parent !== null
    && found.edges.find((edge) => ends(edge, node.key, place.parent));
  return svg("text", { ...level[place.side], transform: place.turn ? `rotate(${place.turn.toFixed(2)})` : null },
    relation && svg("tspan", { class: "by" },
      `${short(found.relations[relation.relation])} ${relation.head === node.key ? "←" : "→"} `),
    short(node.label));
}

const ends = (edge, a, b) => (edge.head === a && edge.tail === b) || (edge.head === b && edge.tail === a);

function said(edge, { nodes, relations }) {
  const name = (key) => nodes.find((node) => node.key === key).label;
  return `${name(edge.head)} ${relations[edge.relation]} ${name(edge.tail)}`;
}

function edgeOf(edge, found, layout, colour, seen) {
  const [from, to_] = [layout.places.get(edge.head), layout.places.get(edge.tail)];
  if (edge.head === edge.tail) return null;
  const pair = [edge.head, edge.tail].sort().join("\n");
  const nth = seen.get(pair) ?? 0;
  seen.set(pair, nth + 1);
  const inTree = from.parent === edge.tail || to_.parent === edge.head;
  const slot = colour.get(edge.relation);
  if (layout.rows) return elbow(from, to_, inTree, slot, nth);
  const bend = inTree ? nth * 0.12 : 0.25 + nth * 0.1;
  const middle = control(from, to_, bend, inTree ? null : layout.places.get(found.centre));
  const start = towards(from, middle, edge.head === found.centre ? CENTRE : DOT);
  const end = towards(to_, middle, (edge.tail === found.centre ? CENTRE : DOT) + 2);
  const parts = [
    svg("path", { class: inTree ? "edge" : "edge across", d: `M${xy(start)}Q${xy(middle)} ${xy(end)}` }),
    arrow(middle, end),
  ];
  if (layout.level && inTree && nth === 0) parts.push(along(start, end, found.relations[edge.relation]));
  return svg("g", { class: slot }, parts);
}

/** In rows, an edge goes down from the parent and across to the child. Edges outside of the tree are only in the list beside the picture. */
function elbow(from, to_, inTree, slot, nth) {
  if (!inTree || nth) return null;
  const [parent, child] = from.y < to_.y ? [from, to_] : [to_, from];
  return svg("g", { class: slot },
    svg("path", { class: "edge", d: `M${parent.x} ${parent.y + DOT}V${child.y}H${child.x - DOT}` }));
}

/** The control point of a curve: the middle of the edge, moved to the side or towards the centre of the picture. */
function control(from, to_, bend, centre) {
  const middle = { x: (from.x + to_.x) / 2, y: (from.y + to_.y) / 2 };
  if (!bend) return middle;
  if (!centre) return { x: middle.x + (to_.y - from.y) * bend, y: middle.y - (to_.x - from.x) * bend };
  return { x: middle.x + (centre.x - middle.x) * bend, y: middle.y + (centre.y - middle.y) * bend };
}

function towards(point, other, distance) {
  const length = Math.hypot(other.x - point.x, other.y - point.y) || 1;
  const part = Math.min(0.5, distance / length);
  return { x: point.x + (other.x - point.x) * part, y: point.y + (other.y - point.y) * part };
}

const xy = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

function arrow(from, tip) {
  const angle = (Math.atan2(tip.y - from.y, tip.x - from.x) * 180) / Math.PI;
  return svg("path", { class: "arrow", d: `M0 0L${-ARROW} ${-ARROW / 2}V${ARROW / 2}Z`, transform: `translate(${xy(tip)}) rotate(${angle.toFixed(1)})` });
}

/** The label of a relation along its edge, never upside down. */
function along(start, end, text) {
  let angle = (Math.atan2(end.y - start.y, end.x - start.x) * 180) / Math.PI;
  if (Math.abs(angle) > 90) angle -= 180 * Math.sign(angle);
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  return svg("text", { class: "on-edge", "text-anchor": "middle", dy: -4, transform: `translate(${xy(middle)}) rotate(${angle.toFixed(1)})` }, short(text));
}

/** Arrow keys move the focus from node to node; Enter follows the link of a node. */
function walk(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const nodes = [...event.currentTarget.querySelectorAll(".node")];
  const at = nodes.indexOf(document.activeElement);
  nodes[(at + step + nodes.length) % nodes.length].focus();
}
