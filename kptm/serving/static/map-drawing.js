// Draws a map of thousands of nodes on a canvas: places them by forces, and zooms and moves the picture.

import { forceLink, forceManyBody, forceSimulation, forceX, forceY, select, zoom, zoomIdentity } from "./d3.js";
import { short } from "./words.js";

const COLOURS = 8; // relations with a colour of their own; the others are grey
const STEPS = 140; // of the simulation, whatever the time: the same data always have the same layout
const FIRST = 250; // milliseconds of simulation before the first drawing
const SLICE = 28; // milliseconds of simulation between two drawings
const LABELS = 60; // names at a time
const CELL = [120, 22]; // the pixels of a name; two names are never in one cell
const LEAST = 1.3; // pixels of the radius of a node
const OUTLINED = 0.6; // the scale above which nodes have an outline
const REACH = 14; // pixels from a node within which a pointer means it

/**
 * Nodes with places, edges between them, and the colour of each relation, as `c0` to `c7` or `c9`.
 *
 * @param found The response of `map`.
 * @param centre The key of the node in the middle, or empty.
 */
export function arranged(found, centre) {
  const nodes = found.nodes.map((node) => ({ ...node, degree: 0, around: [] }));
  const counts = found.relations.map(() => 0);
  const edges = found.edges.map(([head, relation, tail]) => {
    counts[relation] += 1;
    nodes[head].degree += 1;
    nodes[tail].degree += 1;
    nodes[head].around.push(tail);
    nodes[tail].around.push(head);
    return { source: head, target: tail, relation };
  });
  const order = counts.map((_, at) => at).sort((a, b) => counts[b] - counts[a] || a - b);
  const slots = found.relations.map(() => "c9");
  for (const [at, relation] of order.slice(0, COLOURS).entries()) slots[relation] = `c${at}`;
  for (const node of nodes) node.r = Math.min(16, 2.5 + Math.sqrt(node.degree));
  const middle = nodes.findIndex((node) => node.key === centre);
  if (middle >= 0) Object.assign(nodes[middle], { fx: 0, fy: 0 });
  return { nodes, edges, slots, order, counts, middle };
}

function simulation({ nodes, edges }) {
  return forceSimulation(nodes)
    .alphaDecay(1 - 0.001 ** (1 / STEPS))
    .force("edges", forceLink(edges).distance(36))
    .force("apart", forceManyBody().strength(-45).theta(1.1))
    .force("x", forceX().strength(0.05))
    .force("y", forceY().strength(0.05))
    .stop();
}

/**
 * A drawing on a canvas. It draws itself again while the places settle, and whenever it is zoomed.
 *
 * @param canvas The canvas, already on the page.
 * @param map What `arranged` returns.
 * @param chosen Called with a node that the user points at and clicks.
 */
export function drawing(canvas, map, chosen) {
  const forces = simulation(map);
  const bySize = map.nodes.map((_, at) => at).sort((a, b) => map.nodes[b].degree - map.nodes[a].degree || a - b);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let view = zoomIdentity;
  let moved = false; // by the user; until then the picture is fitted to the canvas
  let selected = -1;
  let steps = 0;
  let frame = 0;

  const size = () => [canvas.clientWidth, canvas.clientHeight];

  function run(milliseconds) {
    const end = performance.now() + milliseconds;
    while (steps < STEPS && performance.now() < end) {
      forces.tick();
      steps += 1;
    }
  }

  function fitted() {
    const [width, height] = size();
    const [left, right, top, bottom] = bounds(map.nodes);
    const scale = Math.min(2, 0.94 * Math.min(width / (right - left + 40), height / (bottom - top + 40)));
    return zoomIdentity.translate(width / 2, height / 2).scale(scale).translate(-(left + right) / 2, -(top + bottom) / 2);
  }

  function draw() {
    const [width, height] = size();
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    paint(canvas.getContext("2d"), ratio, { map, view, selected, bySize, width, height });
  }

  function settle() {
    if (!canvas.isConnected) return;
    run(SLICE);
    if (!moved) place(fitted());
    if (!still || steps === STEPS) draw();
    if (steps < STEPS) frame = requestAnimationFrame(settle);
    else canvas.dataset.settled = "true";
  }

  const zooming = zoom().scaleExtent([0.02, 12]).on("zoom", (event) => {
    view = event.transform;
    if (event.sourceEvent) moved = true;
    if (event.sourceEvent || steps === STEPS) draw();
  });
  const place = (transform) => select(canvas).call(zooming.transform, transform);
  select(canvas).call(zooming).on("dblclick.zoom", null);

  canvas.addEventListener("click", (event) => {
    const at = nearest(map.nodes, ...view.invert([event.offsetX, event.offsetY]), REACH / view.k);
    if (at >= 0) chosen(at);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  run(FIRST);
  place(fitted());
  draw();
  frame = requestAnimationFrame(settle);

  return {
    select(at) {
      selected = at;
      const [x, y] = at < 0 ? [0, 0] : view.apply([map.nodes[at].x, map.nodes[at].y]);
      const [width, height] = size();
      if (at >= 0 && (x < 20 || y < 20 || x > width - 20 || y > height - 20)) {
        moved = true;
        select(canvas).call(zooming.translateTo, map.nodes[at].x, map.nodes[at].y);
      }
      draw();
    },
    selected: () => selected,
    /** The nearest node in a direction from the selected one; the middle or the largest node if none is selected. */
    towards: (dx, dy) => (selected < 0 ? (map.middle >= 0 ? map.middle : bySize[0]) : inDirection(map.nodes, selected, dx, dy)),
    zoomBy(factor) {
      moved = true;
      select(canvas).call(zooming.scaleBy, factor);
      draw();
    },
    fit() {
      moved = false;
      place(fitted());
      draw();
    },
    resized() {
      if (!moved) place(fitted());
      draw();
    },
    stop: () => cancelAnimationFrame(frame),
    state: () => ({ map, view, selected, bySize, width: size()[0], height: size()[1] }),
  };
}

function bounds(nodes) {
  const found = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of nodes) {
    found[0] = Math.min(found[0], x);
    found[1] = Math.max(found[1], x);
    found[2] = Math.min(found[2], y);
    found[3] = Math.max(found[3], y);
  }
  return found;
}

function nearest(nodes, x, y, reach) {
  let found = -1;
  let least = Infinity;
  nodes.forEach((node, at) => {
    const distance = Math.hypot(node.x - x, node.y - y) - node.r;
    if (distance < Math.min(least, reach)) [found, least] = [at, distance];
  });
  return found;
}

/** The node with the least distance in a direction, where distance to the side counts double; the node itself if there is none. */
function inDirection(nodes, from, dx, dy) {
  let found = from;
  let least = Infinity;
  nodes.forEach((node, at) => {
    const [x, y] = [node.x - nodes[from].x, node.y - nodes[from].y];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy - y * dx);
    if (along > 0 && along >= aside && along + 2 * aside < least) [found, least] = [at, along + 2 * aside];
  });
  return found;
}

/** The names to draw, as [node, x, y] in pixels: the selected node and its neighbours first, then the largest, none over another. */
export function named({ map, view, selected, bySize, width, height }) {
  const first = selected < 0 ? [] : [selected, ...map.nodes[selected].around];
  const taken = new Set();
  const found = [];
  for (const at of new Set([...first, ...bySize])) {
    if (found.length === LABELS) break;
    const [x, y] = view.apply([map.nodes[at].x, map.nodes[at].y]);
    if (x < 0 || y < 0 || x > width || y > height) continue;
    const [column, row] = [Math.floor(x / CELL[0]), Math.floor(y / CELL[1])];
    const cells = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => `${column + dx} ${row + dy}`));
    if (at !== selected && cells.some((cell) => taken.has(cell))) continue;
    taken.add(`${column} ${row}`);
    found.push([at, x, y]);
  }
  return found;
}

/** The colours of the page in its present scheme, by the names of their variables. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return new Proxy({}, { get: (_, name) => style.getPropertyValue(`--${String(name)}`).trim() });
}

/** Draw a state of the map; `ratio` is the number of pixels of the canvas in a pixel of the page. */
export function paint(context, ratio, state) {
  const { map, view, selected, width, height } = state;
  const colour = colours();
  const node = (at) => map.nodes[at];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colour.paper;
  context.fillRect(0, 0, width, height);
  context.save();
  context.translate(view.x, view.y);
  context.scale(view.k, view.k);
  const near = new Set(selected < 0 ? [] : [selected, ...node(selected).around]);
  context.lineWidth = 1 / view.k;
  for (const slot of new Set(map.slots)) {
    context.strokeStyle = colour[slot];
    context.globalAlpha = selected < 0 ? Math.min(0.6, Math.max(0.16, 500 / map.edges.length)) : 0.08;
    context.beginPath();
    for (const { source, target, relation } of map.edges) {
      if (map.slots[relation] !== slot) continue;
      context.moveTo(source.x, source.y);
      context.lineTo(target.x, target.y);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  if (selected >= 0) {
    context.lineWidth = 1.8 / view.k;
    for (const { source, target, relation } of map.edges) {
      if (source.index !== selected && target.index !== selected) continue;
      context.strokeStyle = colour[map.slots[relation]];
      context.beginPath();
      context.moveTo(source.x, source.y);
      context.lineTo(target.x, target.y);
      context.stroke();
    }
  }
  context.strokeStyle = colour.paper;
  context.lineWidth = 1 / view.k;
  const least = LEAST / view.k;
  for (const [fill, chosen] of [[colour.muted, (at) => at !== map.middle && !near.has(at)], [colour.ink, (at) => near.has(at)], [colour.accent, (at) => at === map.middle || at === selected]]) {
    context.fillStyle = fill;
    context.globalAlpha = selected >= 0 && fill === colour.muted ? 0.35 : 1;
    context.beginPath();
    map.nodes.forEach((one, at) => {
      if (!chosen(at)) return;
      const r = Math.max(one.r, least);
      context.moveTo(one.x + r, one.y);
      context.arc(one.x, one.y, r, 0, 2 * Math.PI);
    });
    context.fill();
    if (view.k > OUTLINED) context.stroke(); // around dots of a pixel, outlines would hide the edges
  }
  context.restore();
  context.globalAlpha = 1;
  context.lineJoin = "round";
  context.strokeStyle = colour.paper;
  context.fillStyle = colour.ink;
  context.lineWidth = 4;
  for (const [at, x, y] of named(state)) {
    context.font = `${at === selected ? "650 15px" : "12.5px"} ${colour.sans}`;
    const left = x + node(at).r * view.k + 4;
    context.strokeText(short(node(at).label), left, y + 4);
    context.fillText(short(node(at).label), left, y + 4);
  }
}
