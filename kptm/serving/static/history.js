// The view of changes, of an entity and of the whole graph; with a form for edits and undo, if the server allows changes.

import { get, part, post } from "./api.js";
import { byId, el } from "./dom.js";
import { kindOf, language, say } from "./language.js";
import { picker } from "./picker.js";
import { go, here, to } from "./route.js";
import { lastPart, valueOf } from "./words.js";

const fill = part(byId("history-result"));
let field;
let mayEdit = false;

export function startHistory(editing) {
  mayEdit = editing;
  field = picker(byId("history-picker"), (entity) => go("history", { key: entity.key }));
  if (editing) startEdit();
}

export async function showHistory(parameters) {
  const key = parameters.get("key") ?? "";
  if (field.key() !== key) field.set(key ? { key, label: key } : null);
  await fill(async (signal) => {
    const [own, all] = await Promise.all([key ? get("history", { key }, signal) : null, get("revisions", {}, signal)]);
    if (own) field.set({ key, label: own.labels[key] });
    return [own && changes(own, key), revisions(all)];
  });
}

function changes({ changes: found, labels }, key) {
  const groups = new Map();
  for (const item of found) groups.set(item.revision, [...(groups.get(item.revision) ?? []), item]);
  return el("section", { class: "card" }, el("h2", { dir: "auto" }, labels[key]),
    [...groups].map(([revision, items]) => el("section", { class: "revision" },
      el("h3", {}, say("history.of", { number: revision }), time(items[0].at)),
      el("ul", { class: "changes" }, items.map((item) => change(item, labels))))));
}

function change({ kind, fact, source, line }, labels) {
  const name = (key) => el("a", { href: to("graph", { key }), dir: "auto", title: key }, labels[key]);
  return el("li", { class: kind },
    el("span", { class: "sign", "aria-hidden": "true" }, kind === "added" ? "+" : "−"),
    el("span", { class: "sr" }, kindOf("history", kind)),
    el("span", { class: "fact" }, name(fact.head), el("span", { class: "relation" }, labels[fact.relation]),
      fact.tail === null ? el("span", { dir: "auto" }, valueOf(fact.value)) : name(fact.tail)),
    el("span", { class: "origin", title: source }, lastPart(source) + (line === null ? "" : `, ${say("line", { number: line })}`)));
}

function revisions(found) {
  return el("section", { class: "card" }, el("h2", {}, say("history.newest")),
    found.length === 0 && el("p", { class: "hint" }, say("history.empty")),
    el("ol", { class: "revisions" }, found.map((item) => el("li", {},
      el("span", { class: "number" }, item.number),
      el("span", { class: `badge kind-${item.kind}` }, kindOf("kind", item.kind)),
      el("span", { class: "note", dir: "auto" }, item.note),
      time(item.at),
      mayEdit && el("button", { type: "button", "aria-label": say("history.undo_revision", { number: item.number }), click: () => undo(item.number) }, say("history.undo"))))));
}

const time = (at) => el("time", { datetime: at, title: at }, new Date(at).toLocaleString(language(), { dateStyle: "medium", timeStyle: "short" }));

// ── corrections ──────────────────────────────────────────────────────────────────────────────

function startEdit() {
  const fields = Object.fromEntries(["head", "tail", "old"].map((name) => [name, picker(byId(`edit-${name}`))]));
  byId("edit").hidden = false;
  byId("edit").addEventListener("toggle", async () => {
    const relations = await get("relations").catch(() => []);
    byId("edit-relations").replaceChildren(...relations.map((item) => el("option", { value: item.label })));
  });
  byId("edit-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [head, tail, old] = ["head", "tail", "old"].map((name) => fields[name].key());
    const body = { head, relation: byId("edit-relation").value.trim(), tail, ...(old && { old }) };
    await saying(async () => {
      const { revision } = await post("edit", body);
      return [say("edit.done", { number: revision }),
        el("button", { type: "button", class: "plain", click: () => undo(revision) }, say("history.undo")),
        say("edit.follows")];
    });
  });
}

const undo = (revision) => saying(async () => {
  const made = await post("undo", { revision });
  return [say("history.undone", { number: revision, by: made.revision })];
});

/** Make a change, show its result or its error, and show the new history. */
async function saying(change_) {
  const said = byId("said");
  try {
    said.replaceChildren(...(await change_()));
    said.classList.remove("problem");
  } catch (error) {
    said.replaceChildren(error.message);
    said.classList.add("problem");
  }
  if (here().view === "history") await showHistory(here().parameters);
}
