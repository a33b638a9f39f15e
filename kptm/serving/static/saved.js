// Views that the user saved: a name and the hash of the location, kept in this browser for each workspace.

import { byId, el } from "./dom.js";
import { say } from "./language.js";

const MOST = 100;

let place = "kptm-saved";
let titleOf = () => "";

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(place) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.name === "string" && /^#\//.test(one?.hash)) : [];
  } catch {
    return []; // damaged, or the browser lets this page store nothing
  }
}

function write(views) {
  try {
    localStorage.setItem(place, JSON.stringify(views.slice(0, MOST)));
    return true;
  } catch {
    return false;
  }
}

/**
 * Start the menu of saved views.
 *
 * @param workspace The name of the workspace, which has views of its own.
 * @param title A function that names the present view.
 */
export function startSaved(workspace, title) {
  place = `kptm-saved-${workspace}`;
  titleOf = title;
  const menu = byId("saved");
  const fill = () => {
    if (!menu.open) {
      byId("saved-name").value = "";
      return;
    }
    byId("saved-name").value ||= titleOf(); // the user may have begun to type before this event arrived
    byId("saved-said").textContent = "";
    show();
  };
  menu.addEventListener("toggle", fill);
  fill(); // it may have been opened before this script was loaded
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  window.addEventListener("hashchange", () => { menu.open = false; });
  byId("saved-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("saved-name").value.trim();
    const hash = location.hash || "#/ask";
    if (!name) return;
    const kept = write([{ name, hash }, ...read().filter((one) => one.name !== name)]);
    byId("saved-said").textContent = say(kept ? "saved.done" : "saved.refused", { name });
    show();
  });
}

function show() {
  const views = read();
  byId("saved-list").replaceChildren(...views.length ? views.map(({ name, hash }) => el("li", {},
    el("a", { href: hash, dir: "auto" }, name),
    el("button", {
      type: "button", class: "plain", "aria-label": say("saved.remove_one", { name }),
      click: () => {
        write(read().filter((one) => one.name !== name));
        show();
        byId("saved-name").focus();
      },
    }, say("saved.remove")))) : [el("li", { class: "hint" }, say("saved.empty"))]);
}
