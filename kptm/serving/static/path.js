// Draws the path of an answer as hops: topic ─ relation → … → answers.

import { el } from "./dom.js";
import { say } from "./language.js";
import { to } from "./route.js";

const ENDS = 3; // answers that are named at the end of a path

export function drawnPath(answer, name) {
  if (!answer.path.length || !answer.topic) return null;
  const steps = answer.path.flatMap(([relation, forward], at) => {
    const last = at === answer.path.length - 1;
    return [
      el("li", { class: forward ? "hop" : "hop back" },
        el("span", { class: "sr" }, say(forward ? "ask.along" : "ask.back")),
        el("span", { class: "relation" }, name(relation))),
      el("li", { class: "stop" }, last ? ends(answer) : el("span", { class: "between" }, "…")),
    ];
  });
  return el("section", { class: "path" }, el("h3", {}, say("ask.path")),
    el("ol", {}, el("li", { class: "stop topic" },
      answer.labels[answer.topic]
        ? el("a", { href: to("graph", { key: answer.topic }), dir: "auto", title: answer.topic }, name(answer.topic))
        : el("span", { class: "value", dir: "auto" }, answer.topic)), steps)); // a value has no page
}

function ends(answer) {
  if (!answer.answers.length) return el("span", { class: "between" }, "?");
  const named = answer.answers.slice(0, ENDS).map((item) => item.label).join(", ");
  const more = answer.answers.length - ENDS;
  return el("span", { class: "end", dir: "auto" }, more > 0 ? say("named_more", { names: named, count: more }) : named);
}
