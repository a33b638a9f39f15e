// The facts about an entity in words, beside the picture, also for readers who cannot see the picture.

import { el } from "./dom.js";
import { say } from "./language.js";
import { to } from "./route.js";
import { lastPart, valueOf } from "./words.js";

const SHOWN = 8; // facts of a relation that are shown; the others are folded away

export function described({ entity, facts, labels }) {
  return el("aside", { class: "card entity", "aria-label": entity.label },
    el("h2", { dir: "auto" }, entity.label),
    el("p", { class: "key" }, [entity.key, ...entity.types].join(" · ")),
    entity.description && el("p", { dir: "auto" }, entity.description),
    entity.aliases.length > 0 && el("p", { class: "aliases", dir: "auto" }, say("graph.aliases", { names: entity.aliases.join(", ") })),
    el("dl", {}, grouped(entity.key, facts, labels)),
    el("p", {}, el("a", { href: to("history", { key: entity.key }) }, say("history.link"))));
}

function grouped(key, facts, labels) {
  const groups = new Map();
  for (const item of facts) {
    const out = item.fact.head === key;
    const name = out ? `${labels[item.fact.relation]} →` : `← ${labels[item.fact.relation]}`;
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(el("li", {}, end(item, out, labels)));
  }
  return [...groups].flatMap(([name, items]) => {
    const [first, more] = [items.slice(0, SHOWN), items.slice(SHOWN)];
    return [el("dt", { dir: "auto" }, name), el("dd", {}, el("ul", {}, first),
      more.length > 0 && el("details", {}, el("summary", {}, say("more", { count: more.length })), el("ul", {}, more)))];
  });
}

function end({ fact, sources }, out, labels) {
  const title = sources.map((item) => (item.line === null ? item.source : `${lastPart(item.source)}, ${say("line", { number: item.line })}`)).join("; ");
  const key = out ? fact.tail : fact.head;
  if (key !== null) return el("a", { href: to("graph", { key }), title, dir: "auto" }, labels[key]);
  return el("span", { title, dir: "auto" }, valueOf(fact.value));
}
