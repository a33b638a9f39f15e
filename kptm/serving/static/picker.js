// A field for an entity with autocompletion, built as the combobox of the ARIA Authoring Practices.

import { get } from "./api.js";
import { el } from "./dom.js";
import { put } from "./language.js";

const PAUSE = 120; // milliseconds without a key press before the server is asked
const OFFERED = 8;

/**
 * Fill a `.picker` element with a labelled field and its list of suggestions.
 *
 * @param node The element; its `data-label` and `data-note` are keys of the texts of the label.
 * @param chosen Called with the entity that the user chooses; may be omitted.
 * @returns An object that reads and sets the field: `key()` is the key of the chosen entity, or otherwise the typed text.
 */
export function picker(node, chosen = () => {}) {
  const id = node.id;
  const list = el("ul", { id: `${id}-list`, role: "listbox", hidden: true, "data-say-aria-label": node.dataset.label });
  const input = el("input", {
    id: `${id}-input`, type: "text", role: "combobox", maxlength: "2500", autocomplete: "off", spellcheck: "false",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, "data-say-placeholder": "picker.placeholder",
  });
  const label = el("label", { for: input.id }, el("span", { "data-say": node.dataset.label }),
    node.dataset.note && [" ", el("span", { class: "key", "data-say": node.dataset.note })]);
  node.append(label, input, list);
  put(node);

  let offered = [];
  let active = -1;
  let picked = null;
  let timer = 0;
  let asked = 0;

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(entity) {
    clearTimeout(timer);
    asked += 1;
    picked = entity;
    input.value = entity.label;
    close();
    chosen(entity);
  }

  function point(to) {
    active = (to + offered.length) % offered.length;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === active)));
    list.children[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[active].id);
  }

  async function search() {
    const mine = (asked += 1);
    const text = input.value.trim();
    const found = text ? await get("entities", { text, limit: OFFERED }).catch(() => []) : [];
    if (mine !== asked) return [];
    offered = found;
    active = -1;
    list.replaceChildren(...found.map((entity, at) => option(entity, at)));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    return found;
  }

  const option = (entity, at) => el("li", {
    id: `${id}-${at}`, role: "option", "aria-selected": "false",
    mousedown: (event) => event.preventDefault(), // keeps the focus in the field
    click: () => choose(entity),
  }, el("span", { class: "name", dir: "auto" }, entity.label),
  el("span", { class: "description", dir: "auto" }, entity.description || entity.types.join(", ") || entity.key));

  input.addEventListener("input", () => {
    picked = null;
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  input.addEventListener("blur", () => {
    clearTimeout(timer);
    asked += 1; // so that the results of a running search are not shown
    close();
  });
  input.addEventListener("keydown", async (event) => {
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) await search();
      if (offered.length) point(event.key === "ArrowDown" ? active + 1 : active < 0 ? -1 : active - 1);
    }
    if (event.key === "Enter" && !picked) {
      event.preventDefault();
      const entity = active >= 0 ? offered[active] : (await search())[0];
      if (entity) choose(entity);
    }
  });

  return {
    key: () => picked?.key ?? input.value.trim(),
    set(entity) {
      picked = entity;
      input.value = entity?.label ?? "";
      close();
    },
  };
}
