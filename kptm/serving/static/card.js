// The card of a mention: its candidates with their priors, on hover and on focus.
//
// There is one card; it stands behind the mention that it belongs to, so that Tab goes from the mention into it.
// It can be pointed at, stays as long as mention or card is pointed at or focused, and goes at Escape.

import { bar, el } from "./dom.js";
import { say } from "./language.js";
import { to } from "./route.js";

const LEAVING = 140; // milliseconds to move the pointer from the mention to its card
const MARGIN = 10; // pixels between the card and the edge of the window
const ENOUGH = 200; // pixels of a card that are worth scrolling in

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

/** The mention's mark with what shows and hides its card. */
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

/** Below the mention where there is room, else above; never beyond the edges of the window. */
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
