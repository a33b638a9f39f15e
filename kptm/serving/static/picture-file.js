// Saves a picture of the graph as a PNG or an SVG file, with the colours of the page.

import { svg } from "./dom.js";
import { colours, named, paint } from "./map-drawing.js";
import { short } from "./words.js";

const RATIO = 2; // pixels of a PNG file in a pixel of the page
const STYLES = ["fill", "stroke", "stroke-width", "stroke-linejoin", "paint-order", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The name of a file: the letters and digits of a label. */
const fileName = (label, ending) => `${label.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "graph"}.${ending}`;

const saveSvg = (picture, label) =>
  save(new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }), fileName(label, "svg"));

async function savePng(width, height, draw, label) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * RATIO);
  canvas.height = Math.round(height * RATIO);
  draw(canvas.getContext("2d"));
  save(await new Promise((done) => { canvas.toBlob(done, "image/png"); }), fileName(label, "png"));
}

// ── the map ──────────────────────────────────────────────────────────────────────────────────

/** Save a state of the map as a PNG file. */
export const saveMapPng = (state, label) =>
  savePng(state.width, state.height, (context) => paint(context, RATIO, state), label);

/** Save a state of the map as an SVG file. */
export function saveMapSvg(state, label) {
  const { map, view, selected, width, height } = state;
  const colour = colours();
  const number = (value) => value.toFixed(1);
  const point = ({ x, y }) => view.apply([x, y]).map(number);
  const lines = [...new Set(map.slots)].map((slot) => svg("path", {
    d: map.edges.filter((edge) => map.slots[edge.relation] === slot)
      .map(({ source, target }) => `M${point(source).join(" ")}L${point(target).join(" ")}`).join(""),
    fill: "none", stroke: colour[slot], "stroke-opacity": 0.5, "stroke-width": 1,
  }));
  const dots = map.nodes.map((node, at) => svg("circle", {
    cx: point(node)[0], cy: point(node)[1], r: number(Math.max(0.5, node.r * view.k)),
    fill: at === map.middle || at === selected ? colour.accent : colour.muted,
  }, svg("title", {}, node.label)));
  const names = named(state).map(([at, x, y]) => svg("text", {
    x: number(x + map.nodes[at].r * view.k + 4), y: number(y + 4), fill: colour.ink, stroke: colour.paper,
    "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke", "font-size": 12.5, "font-family": "sans-serif",
  }, short(map.nodes[at].label)));
  saveSvg(svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    svg("rect", { width: "100%", height: "100%", fill: colour.paper }), lines, dots, names), label);
}

// ── the drawing of a neighbourhood ───────────────────────────────────────────────────────────

/** Save a drawing on the page as an SVG file; the styles of the page become attributes. */
export function saveDrawingSvg(picture, label) {
  const copy = picture.cloneNode(true);
  const own = [picture, ...picture.querySelectorAll("*")];
  for (const [at, node] of [copy, ...copy.querySelectorAll("*")].entries()) {
    const style = getComputedStyle(own[at]);
    for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "href", "aria-label", "aria-current", "data-key"]) node.removeAttribute(name);
  }
  const { width, height } = picture.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.prepend(svg("rect", { width, height, fill: colours().paper }));
  saveSvg(copy, label);
}

/** Save a drawing on the page as a PNG file. Its shapes are painted one by one: the page's policy forbids to load the drawing as an image. */
export function saveDrawingPng(picture, label) {
  const { width, height } = picture.viewBox.baseVal;
  const base = picture.getScreenCTM().inverse();
  return savePng(width, height, (context) => {
    context.setTransform(RATIO, 0, 0, RATIO, 0, 0);
    context.fillStyle = colours().paper;
    context.fillRect(0, 0, width, height);
    for (const node of picture.querySelectorAll("path, circle, text")) {
      const { a, b, c, d, e, f } = base.multiply(node.getScreenCTM());
      context.setTransform(RATIO * a, RATIO * b, RATIO * c, RATIO * d, RATIO * e, RATIO * f);
      paintShape(context, node);
    }
  }, label);
}

function paintShape(context, node) {
  const style = getComputedStyle(node);
  context.globalAlpha = Number(style.opacity);
  context.lineWidth = Number.parseFloat(style.strokeWidth);
  context.lineJoin = style.strokeLinejoin;
  context.strokeStyle = style.stroke;
  context.fillStyle = style.fill;
  if (node.localName === "text") {
    paintText(context, node, style);
    return;
  }
  const shape = node.localName === "path" ? new Path2D(node.getAttribute("d")) : new Path2D();
  if (node.localName === "circle") shape.arc(0, 0, node.r.baseVal.value, 0, 2 * Math.PI);
  if (style.fill !== "none") context.fill(shape);
  if (style.stroke !== "none") context.stroke(shape);
}

function paintText(context, node, style) {
  const parts = [...node.childNodes].map((part) => [part.textContent, part.nodeType === Node.ELEMENT_NODE ? getComputedStyle(part) : style]);
  const font = (of) => `${of.fontWeight} ${of.fontSize} ${of.fontFamily}`;
  const widths = parts.map(([text, of]) => {
    context.font = font(of);
    return context.measureText(text).width;
  });
  const whole = widths.reduce((sum, width) => sum + width, 0);
  let x = Number(node.getAttribute("x") ?? 0) - ({ middle: whole / 2, end: whole }[style.textAnchor] ?? 0);
  const y = Number(node.getAttribute("y") ?? 0) + Number(node.getAttribute("dy") ?? 0);
  parts.forEach(([text, of], at) => {
    context.font = font(of);
    context.fillStyle = of.fill;
    if (of.stroke !== "none") context.strokeText(text, x, y);
    context.fillText(text, x, y);
    x += widths[at];
  });
}
