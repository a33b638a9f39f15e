// The card of a mention shows its candidates with their priors, on hover and on focus.
//
// The page has one card. In the document it comes directly after its mention, so that Tab moves from the mention into the card.
// The card stays while the pointer or the focus is on the mention or the card. Escape closes it.

import { bar, el } from "./dom.js";
import { say } from "./language.js";
import { to } from "./route.js";

const LEAVING = 140; // milliseconds in which the pointer can move from the mention to its card
const MARGIN = 10; // pixels between the card and the edge of the window
const ENOUGH = 200; // pixels below the mention that suffice for a card, which scrolls if it is higher

const card = el("span", { class: "candidates", id: "candidates", role: "group" });
let owner = null;
let leaving = 0;

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !owner) return;
  if (card.contains(document.activeElement)) owner.firstChild.focus();
  close();
});
window.addEventListener("scroll", () => owner && place(), { passive: true });
window.addEventListener("resize", () => owner && place());

/** The mark of a mention with listeners that show and hide its card. */
export function cardOf(mark, link) {
  const open = () => show(around, link);
  const around = el("span", {
    class: "mention",
    mouseenter: open,
    mouseleave: () => { leaving = setTimeout(leave, LEAVING, around); },
    focusin: open,
    focusout: (event) => { if (!around.contains(event.relatedTarget)) leave(around); },
    keydown: (event) => {
      if (event.target !== mark || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      open();
      card.querySelector("a")?.focus();
    },
  }, mark);
  return around;
}

function leave(around) {
  if (owner === around && !around.matches(":hover") && !around.contains(document.activeElement)) close();
}

function close() {
  owner?.firstChild.removeAttribute("aria-describedby");
  owner = null;
  card.remove();
}

function show(around, link) {
  clearTimeout(leaving);
  if (owner === around) return;
  close();
  card.setAttribute("aria-label", say("link.card", { name: link.surface }));
  card.replaceChildren(...link.candidates.map((item) => candidate(item, item.entity === link.entity)));
  if (!link.candidates.length) card.replaceChildren(candidate({ ...link, description: "", prior: link.score }, true));
  around.append(card);
  around.firstChild.setAttribute("aria-describedby", card.id);
  owner = around;
  place();
}

function candidate(item, chosen) {
  return el("span", { class: chosen ? "candidate chosen" : "candidate" },
    el("a", { href: to("graph", { key: item.entity }), dir: "auto" }, item.label),
    bar(item.prior),
    el("span", { class: "description", dir: "auto" }, item.description || item.entity));
}

/** Place the card below its mention if there is room, otherwise above, and always inside the window. */
function place() {
  const [line] = owner.firstChild.getClientRects();
  const room = { below: window.innerHeight - line.bottom - MARGIN, above: line.top - MARGIN };
  const below = room.below >= Math.min(card.scrollHeight, ENOUGH) || room.below >= room.above;
  card.style.maxHeight = `${below ? room.below : room.above}px`;
  const { width, height } = card.getBoundingClientRect();
  const right = document.documentElement.clientWidth - width - MARGIN;
  card.style.left = `${Math.max(MARGIN, Math.min(line.left, right))}px`;
  card.style.top = `${below ? line.bottom : line.top - height}px`;
}
