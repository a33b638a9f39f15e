// The view of proposals, which are decided one after another: accept, reject, correct or undo, by click or by key.

import { get, part, post } from "./api.js";
import { bar, byId, el, marked } from "./dom.js";
import { counted, say } from "./language.js";
import { go, here, to } from "./route.js";
import { lastPart, percent } from "./words.js";

const KEYS = { a: accept, r: reject, e: correct, u: undoLast, ArrowDown: () => move(1), ArrowUp: () => move(-1) };

const fill = part(byId("review-result"));
let mayEdit = false;
let found = []; // the proposals that are shown
let at = 0; // the index of the current proposal
let counts = {};
const decided = []; // revisions since the page was opened, the newest last

export function startReview(editing) {
  mayEdit = editing;
  byId("review-bar").hidden = !editing;
  byId("review-keys").hidden = !editing;
  byId("review-rule-form").addEventListener("submit", (event) => {
    event.preventDefault();
    saying(async () => {
      const done = await post("proposals/accept-all", { rule: byId("review-rule").value });
      if (!done.revision) return [say("review.none_fits")];
      decided.push(done.revision);
      return [say("review.accepted_all", { count: done.decided.length, number: done.revision })];
    });
  });
  byId("review-undo").addEventListener("click", undoLast);
  byId("review-relation").addEventListener("change", (event) => go("review", { relation: event.target.value }));
  document.addEventListener("keydown", pressed);
}

export async function showReview(parameters) {
  const relation = parameters.get("relation") ?? "";
  await fill(async (signal) => {
    const [answer, relations] = await Promise.all([
      get("proposals", { limit: 50, ...(relation && { relation }) }, signal), get("relations", {}, signal)]);
    ({ proposals: found, counts } = answer);
    at = Math.max(0, Math.min(at, found.length - 1));
    const options = relations.map((item) => el("option", { value: item.key }, item.label));
    byId("review-relation").replaceChildren(el("option", { value: "" }, say("review.all_relations")), ...options);
    byId("review-relation").value = relation;
    return drawn();
  });
  if (document.activeElement === document.body) current()?.focus({ preventScroll: true });
}

function drawn() {
  const said = found.length === 0 ? say("review.empty")
    : counted("review.counts", counts.proposed, counts);
  return [el("p", { class: "hint", id: "review-counts" }, said),
    el("ol", { class: "proposals" }, found.map((item, place) => card(item, place)))];
}

function card(item, place) {
  const is = place === at;
  const name = (key, label, isNew) => isNew ? el("span", { class: "new", dir: "auto" }, label, el("span", { class: "badge" }, say("review.new")))
    : el("a", { href: to("graph", { key }), dir: "auto", title: key }, label);
  return el("li", { class: "card proposal", tabindex: is ? "0" : "-1", "aria-current": is ? "true" : null, "data-id": item.id, focus: () => choose(place) },
    el("p", { class: "sentence", dir: "auto" }, marked(item.sentence, item.spans, (text, span) => el("mark", { class: span.part }, text))),
    el("p", { class: "fact" }, name(item.head, item.head_label, item.head_new), el("span", { class: "relation" }, item.relation_label),
      item.tail === null ? el("span", { dir: "auto" }, item.tail_label) : name(item.tail, item.tail_label, item.tail_new)),
    el("p", { class: "origin" }, bar(item.confidence, percent(item.confidence)), ` ${lastPart(item.source)}`),
    item.violations.map((reason) => el("p", { class: "problem" }, reason)),
    mayEdit && el("div", { class: "decide" },
      el("button", { type: "button", class: "yes", click: () => accept(place) }, say("review.accept")),
      el("button", { type: "button", click: () => reject(place) }, say("review.reject")),
      el("button", { type: "button", class: "plain", click: () => correct(place) }, say("review.correct"))));
}

const current = () => byId("review-result").querySelector("[aria-current]");

function choose(place) {
  if (place === at) return;
  at = place;
  byId("review-result").querySelectorAll(".proposal").forEach((node, number) => {
    node.tabIndex = number === at ? 0 : -1;
    if (number === at) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  });
}

function move(step) {
  const place = Math.max(0, Math.min(found.length - 1, at + step));
  byId("review-result").querySelectorAll(".proposal")[place]?.focus();
}

function pressed(event) {
  if (here().view !== "review" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, button")) return;
  const act = Object.hasOwn(KEYS, event.key) && (mayEdit || event.key.startsWith("Arrow")) && KEYS[event.key];
  if (!act || (!found.length && event.key !== "u")) return;
  event.preventDefault();
  act();
}

function accept(place = at) {
  return decide(place, "accept", "review.accepted");
}

function reject(place = at) {
  return decide(place, "reject", "review.rejected");
}

function decide(place, verb, said) {
  const item = found[place];
  at = place;
  return saying(async () => {
    const done = await post(`proposals/${verb}`, { ids: [item.id] });
    decided.push(done.revision);
    const fact = `${item.head_label} — ${item.relation_label} → ${item.tail_label}`;
    return [say(said, { fact, number: done.revision })];
  });
}

function undoLast() {
  const revision = decided.pop();
  if (!revision) return saying(async () => [say("review.nothing")]);
  return saying(async () => {
    const made = await post("undo", { revision });
    return [say("history.undone", { number: revision, by: made.revision })];
  });
}

/** Replace the fact by a form for its correction; names may be those of entities in the graph, or new. */
function correct(place = at) {
  choose(place);
  const item = found[place];
  const fact = byId("review-result").querySelectorAll(".proposal")[place].querySelector(".fact");
  const field = (label, name, value, list) => el("span", { class: "field" }, el("label", { for: `correct-${name}` }, label),
    el("input", { id: `correct-${name}`, type: "text", maxlength: "2500", required: true, value, list }));
  const parts = ["head", "relation", "tail"];
  const form = el("form", { class: "correct", autocomplete: "off" },
    el("datalist", { id: "correct-relations" }, [...byId("review-relation").options].slice(1).map((one) => el("option", { value: one.textContent }))),
    field(say("review.entity"), "head", item.head_label), field(say("review.relation"), "relation", item.relation_label, "correct-relations"), field(say("review.value"), "tail", item.tail_label),
    el("button", { type: "submit" }, say("review.save")), el("button", { type: "button", class: "plain", click: () => showReview(here().parameters) }, say("review.leave")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(parts.map((name) => [name, byId(`correct-${name}`).value.trim()]).filter(([name, value]) => value !== item[`${name}_label`]));
    saying(async () => {
      await post("proposals/change", { id: item.id, ...given });
      return [say("review.corrected")];
    });
  });
  fact.replaceWith(form);
  byId("correct-head").focus();
}

async function saying(act) {
  const said = byId("review-said");
  try {
    said.replaceChildren(...(await act()));
    said.classList.remove("problem");
  } catch (error) {
    said.replaceChildren(error.message);
    said.classList.add("problem");
  }
  if (here().view !== "review") return;
  await showReview(here().parameters);
  current()?.focus({ preventScroll: true });
}
