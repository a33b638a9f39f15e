// Creates elements from data. For safety, data become text nodes or attributes that cannot run code, never HTML.

import { percent } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child || child === 0));
  return node;
}

/** Create an element; attributes that are functions become listeners, children that are strings become text. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Create an SVG element in the same way. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

export const byId = (id) => document.getElementById(id);

/** Replace the content of a part of the page; screen readers announce it, because it is no longer busy. */
export function show(node, ...children) {
  node.replaceChildren(...children.filter((child) => child));
  node.removeAttribute("aria-busy");
}

/** Mark a part of the page as busy while its content is fetched. */
export function busy(node) {
  node.setAttribute("aria-busy", "true");
}

/** A paragraph with the message of an error. */
export const problem = (error) => el("p", { class: "problem", role: "alert" }, error.message);

/** A bar for a probability, with its number. */
export function bar(p, words) {
  const fill = el("span", { class: "fill" });
  fill.style.width = `${Math.round(Math.max(0, Math.min(1, p)) * 100)}%`;
  return el("span", { class: "bar" }, el("span", { class: "track", "aria-hidden": "true" }, fill),
    el("span", { class: "number" }, words ?? percent(p)));
}

/** A text whose spans are marked; as in Python, spans count Unicode characters and not UTF-16 units. */
export function marked(text, spans, mark) {
  const characters = Array.from(text);
  const cut = (from, to) => characters.slice(from, to).join("");
  const parts = [];
  let at = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start < at || span.end > characters.length) continue;
    parts.push(cut(at, span.start), mark(cut(span.start, span.end), span));
    at = span.end;
  }
  return [...parts, cut(at)];
}
