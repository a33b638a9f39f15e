// The view of a question: the answers, their probability, the path, and the evidence.

import { get, part, post } from "./api.js";
import { bar, byId, el, marked } from "./dom.js";
import { kindOf, say } from "./language.js";
import { drawnPath } from "./path.js";
import { go, to } from "./route.js";
import { lastPart, sentence } from "./words.js";

const SHOWN = 12; // answers that are shown before the button for the others

const fill = part(byId("ask-result"));
let examples = [];

export function startAsk() {
  byId("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const question = byId("question").value.trim();
    if (question) go("ask", { q: question });
  });
  get("examples").then(async (found) => {
    examples = found;
    showExamples();
    if (!found.length && !(await get("relations")).length) byId("ask-examples").replaceChildren(say("ask.empty"));
  }).catch(() => {}); // the page works without examples
}

/** Show example questions about this graph. */
function showExamples() {
  if (!examples.length) return;
  byId("ask-examples").replaceChildren(say("ask.examples"), ...examples.flatMap((question, at) => [
    at ? " · " : "", el("a", { href: to("ask", { q: question }), dir: "auto" }, question)]));
}

export async function showAsk(parameters) {
  const question = parameters.get("q") ?? "";
  byId("question").value = question;
  showExamples();
  if (!question) {
    await fill(() => []);
    return;
  }
  await fill(async (signal) => answered(await post("ask", { question }, signal)));
}

/** A card with the answer. */
export function answered(answer) {
  const name = (key) => answer.labels[key] || key;
  return el("article", { class: "card answer" },
    el("h2", { class: "asked", dir: "auto" }, answer.question),
    answer.answers.length === 0 ? unknown(answer) : known(answer),
    nearest(answer.readings),
    drawnPath(answer, name),
    reading(answer, name),
    senses(answer.senses, name),
    conflicts(answer.conflicts),
    evidence(answer, name));
}

/** A link to an entity, or the text of a value, which has no page. */
const node = (key, label, known) => (known ? entity(key, label) : el("span", { class: "value", dir: "auto" }, label));

const entity = (key, label) => el("a", { href: to("graph", { key }), dir: "auto", title: key }, label);

function known(answer) {
  const items = answer.answers.map((item) => el("li", {}, node(item.entity, item.label, item.entity !== null)));
  const more = items.slice(SHOWN);
  const list = el("ul", { class: "answers" }, items.slice(0, SHOWN));
  const button = more.length > 0 && el("button", { type: "button", class: "plain", click: () => {
    list.append(...more);
    button.remove();
    more[0].firstChild.focus();
  } }, say("more", { count: more.length }));
  const said = answer.description && el("p", { dir: "auto" }, answer.description);
  const sure = say(answer.predicted ? "ask.predicted_sure" : "ask.sure");
  return el("div", { class: "known" },
    answer.sentence && !answer.description ? el("p", { class: "said", dir: "auto" }, answer.sentence) : null,
    answer.predicted ? el("p", { class: "predicted" }, el("strong", {}, say("ask.predicted")), say("ask.no_fact")) : null,
    list, said || null, button || null, el("p", { class: "sure" }, sure, bar(answer.score)));
}

function unknown(answer) {
  return el("div", { class: "unknown" },
    el("h2", {}, answer.token ? say("ask.token", { word: answer.token }) : say("ask.unknown")),
    el("p", { dir: "auto" }, answer.reason ? sentence(answer.reason) : say("ask.no_reason")));
}

/** The possible readings of a refused question. */
function nearest(found) {
  if (!found.length) return null;
  return el("section", { class: "also" }, el("h3", {}, say("ask.meant")),
    el("ul", {}, found.map((item) => el("li", {}, el("code", { dir: "auto" }, item.expression), " ",
      item.unexplained.length ? el("span", { class: "then", dir: "auto" }, say("ask.without", { words: item.unexplained.join(", ") })) : null,
      bar(item.score)))));
}

/** The evaluated program, the meanings of parts of the question, and the words that were not understood. */
function reading(answer, name) {
  if (!answer.expression && !answer.meanings.length && !answer.unexplained.length) return null;
  const keyed = (item) => (["entity", "type", "relation"].includes(item.kind) ? name(item.means) : item.means);
  return el("section", { class: "also reading" }, el("h3", {}, say("ask.reading")),
    answer.expression ? el("p", {}, el("code", { dir: "auto" }, answer.expression)) : null,
    answer.meanings.length ? el("ul", {}, answer.meanings.map((item) => el("li", { dir: "auto" },
      el("q", {}, item.text), ` ${kindOf("meaning", item.kind)} `, el("strong", {}, keyed(item))))) : null,
    answer.unexplained.length ? el("p", { dir: "auto" }, say("ask.not_understood", { words: answer.unexplained.join(", ") })) : null);
}

function senses(found, name) {
  if (!found.length) return null;
  return el("section", { class: "also" }, el("h3", {}, say("ask.senses")),
    el("ul", {}, found.map((sense) => el("li", {},
      entity(sense.entity, sense.label), keyOf(sense), " ",
      sense.answers.length ? el("span", { class: "then", dir: "auto" }, say("ask.then", { answers: sense.answers.map(name).join(", ") }))
        : el("span", { class: "then" }, say("ask.then_unknown")),
      bar(sense.score)))));
}

/** The key of an entity, if it differs from the label. */
const keyOf = (item) => (item.entity.replaceAll("_", " ") === item.label ? null
  : el("span", { class: "key" }, ` ${item.entity}`));

function conflicts(found) {
  if (!found.length) return null;
  return el("section", { class: "also conflicts" }, el("h3", {}, say("ask.conflicts")),
    el("ul", {}, found.map((item) => el("li", {},
      badge(item.kind), " ", entity(item.entity, item.label), bar(item.score)))));
}

const badge = (kind) => el("span", { class: `badge kind-${kind.replaceAll(" ", "-")}` }, kindOf("evidence", kind));

function evidence(answer, name) {
  if (!answer.evidence.length) return null;
  return el("section", { class: "evidence" }, el("h3", {}, say("ask.evidence")),
    el("ol", {}, answer.evidence.map((item) => el("li", {},
      badge(item.kind),
      el("div", {},
        item.triple ? fact(item, answer.labels) : el("p", { dir: "auto" }, marked(item.text, item.spans, highlight)),
        origin(item)),
      item.score < 1 ? bar(item.score) : el("span")))));
}

const highlight = (text, span) => el("mark", {}, el("a", { href: to("graph", { key: span.entity }) }, text));

function fact({ triple: [head, relation, tail], text }, labels) {
  const known = Boolean(labels[tail]);
  const end = known ? labels[tail] : text.split(" | ").at(-1);
  return el("p", { class: "fact", dir: "auto" },
    entity(head, labels[head] || head), el("span", { class: "relation" }, labels[relation] || relation), node(tail, end, known));
}

function origin(item) {
  const parts = item.sources.map((source) => el("span", { class: "source", title: source }, lastPart(source)));
  if (item.revision !== null) {
    parts.push(item.triple
      ? el("a", { href: to("history", { key: item.triple[0] }) }, say("revision", { number: item.revision }))
      : say("revision", { number: item.revision }));
  }
  return parts.length ? el("p", { class: "origin" }, parts.flatMap((part, at) => (at ? [" · ", part] : [part]))) : null;
}
