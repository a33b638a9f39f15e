// Computes the positions of the nodes of a neighbourhood. The same neighbourhood and width always give the same picture.
//
// On wide screens, nodes are on rings around the centre, each in the sector of its parent. On narrow screens, they are in rows, indented by hops.

import { short } from "./words.js";

const NARROW = 560; // with fewer pixels, the names beside a ring would leave no room for the ring
const CHARACTER = 7.4; // pixels of a character of a name
const GAP = 16; // pixels from a node to its name
const LEVEL = 24; // pixels above or below the ring for a horizontal name
const FEW = 14; // up to this many nodes have horizontal names; with more nodes, the names are turned outwards
const MARGIN = 30; // pixels above and below the picture
const ROW = 34;
const INDENT = 26;

/** The position of each node by key, as `{ x, y, side, turn, parent }`, and the size of the picture. */
export function laidOut(found, width) {
  const tree = spanning(found);
  return width < NARROW ? rows(tree, found.centre, width) : rings(tree, found.centre, width);
}

/** A spanning tree: the parent of a node is the first node that leads to it. Siblings are sorted by relation, direction and name. */
function spanning({ centre, nodes, edges, relations }) {
  const of = new Map(nodes.map((node) => [node.key, node]));
  const parent = new Map();
  for (const edge of edges) {
    const [near, far] = of.get(edge.head).hops <= of.get(edge.tail).hops ? [edge.head, edge.tail] : [edge.tail, edge.head];
    if (far !== centre && far !== near && of.get(near).hops < of.get(far).hops && !parent.has(far)) {
      parent.set(far, { key: near, order: [relations[edge.relation], near === edge.head ? "0" : "1", of.get(far).label, far].join("\n") });
    }
  }
  const children = new Map(nodes.map((node) => [node.key, []]));
  for (const [key, { key: near }] of parent) children.get(near).push(key);
  for (const keys of children.values()) keys.sort((a, b) => (parent.get(a).order < parent.get(b).order ? -1 : 1));
  const leaves = new Map();
  const weigh = (key) => {
    const below = children.get(key).reduce((sum, child) => sum + weigh(child), 0);
    leaves.set(key, Math.max(1, below));
    return leaves.get(key);
  };
  weigh(centre);
  const widths = new Map(nodes.map((node) => [node.key, GAP + CHARACTER * Array.from(short(node.label)).length]));
  return { children, leaves, widths, depth: Math.max(...nodes.map((node) => node.hops), 1) };
}

function rings({ children, leaves, widths, depth }, centre, width) {
  const level = leaves.get(centre) <= FEW && depth === 1;
  const radius = Math.min(width / 2 - Math.max(...widths.values()), level ? 220 : 290);
  const places = new Map([[centre, { x: width / 2, y: 0, side: "below", turn: 0, parent: null }]]);
  let [top, bottom] = [0, 0];
  const place = (key, from, hops) => {
    let at = from;
    for (const child of children.get(key)) {
      const share = (2 * Math.PI * leaves.get(child)) / leaves.get(centre);
      const angle = at + share / 2;
      const r = (radius * hops) / depth;
      const y = r * Math.sin(angle);
      const end = level ? y + Math.sign(y) * LEVEL : y + widths.get(child) * Math.sin(angle);
      [top, bottom] = [Math.min(top, end), Math.max(bottom, end)];
      places.set(child, { x: width / 2 + r * Math.cos(angle), y, parent: key, ...(level ? beside(angle) : turned(angle)) });
      place(child, at, hops + 1);
      at += share;
    }
  };
  place(centre, -Math.PI / 2, 1);
  for (const at of places.values()) at.y += MARGIN - top; // so that there is no more room above than the names need
  return { places, width, height: bottom - top + 2 * MARGIN, level };
}

function beside(angle) {
  if (Math.abs(Math.cos(angle)) < 0.25) return { side: Math.sin(angle) < 0 ? "above" : "below", turn: 0 };
  return { side: Math.cos(angle) < 0 ? "left" : "right", turn: 0 };
}

/** The side and rotation of a name that runs along its spoke, never upside down. */
function turned(angle) {
  const degrees = (angle * 180) / Math.PI;
  const flipped = Math.cos(angle) < -1e-9;
  return { side: flipped ? "left" : "right", turn: flipped ? degrees - 180 : degrees };
}

function rows({ children }, centre, width) {
  const places = new Map();
  const place = (key, parent, hops) => {
    places.set(key, { x: 16 + hops * INDENT, y: 24 + places.size * ROW, side: "right", turn: 0, parent });
    for (const child of children.get(key)) place(child, key, hops + 1);
  };
  place(centre, null, 0);
  return { places, width, height: 24 + places.size * ROW, level: false, rows: true };
}
