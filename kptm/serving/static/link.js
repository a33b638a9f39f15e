// The view of a text with its mentions marked; on hover and on focus, each mention shows its candidates.

import { part, post } from "./api.js";
import { cardOf } from "./card.js";
import { byId, el, marked } from "./dom.js";
import { counted, say } from "./language.js";
import { go } from "./route.js";

const LONGEST = 1_500; // characters of a text that goes into the address; a longer text is linked, but its address cannot be shared

const fill = part(byId("link-result"));

export function startLink() {
  byId("link-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("text").value;
    if (!text.trim()) return;
    if (text.length <= LONGEST) go("link", { text });
    else linked(text);
  });
}

export async function showLink(parameters) {
  const text = parameters.get("text") ?? "";
  if (!text) {
    if (!byId("text").value) await fill(() => []);
    return;
  }
  byId("text").value = text;
  await linked(text);
}

const linked = (text) => fill(async (signal) => drawn(await post("link", { text }, signal)));

function drawn(found) {
  const count = found.links.length;
  const said = count === 0 ? say("link.none") : counted("link.found", count);
  return [
    el("p", { class: "hint" }, said),
    el("div", { class: "card linked", dir: "auto" }, marked(found.text, found.links, mention)),
  ];
}

function mention(text, link) {
  const mark = el("mark", { tabindex: "0", role: "button", "aria-label": `${text}: ${link.label}` }, text);
  mark.style.setProperty("--p", link.score);
  return cardOf(mark, link);
}
