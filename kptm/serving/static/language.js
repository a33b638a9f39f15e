// The explorer's own words, in the reader's language: a file for each, words.de.json.

export const LANGUAGES = { en: "English", de: "Deutsch", zh: "中文" };
const STORED = "kptm-language";

let current = "en";
let words = {};

/** The language that was chosen here; else null. */
export function chosenLanguage() {
  try {
    const stored = localStorage.getItem(STORED);
    return Object.hasOwn(LANGUAGES, stored ?? "") ? stored : null;
  } catch {
    return null; // the browser stores nothing for this page
  }
}

/** The language of the words that are shown. */
export const language = () => current;

/** Read the words of the chosen language, or of the first of the browser's languages that there is. */
export async function loadWords() {
  const wanted = [chosenLanguage(), ...navigator.languages.map((tag) => tag.split("-")[0].toLowerCase()), "en"];
  current = wanted.find((code) => code && Object.hasOwn(LANGUAGES, code));
  words = await (await fetch(`words.${current}.json`)).json();
  document.documentElement.lang = current;
  put(document);
}

export async function choose(code) {
  try {
    localStorage.setItem(STORED, code);
  } catch {
    // it is chosen for as long as the page stays open
  }
  await loadWords();
}

/** A text by its key, with values in place of {names}; without the text, the key. */
export const say = (key, values = {}) =>
  (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));

/** A text that depends on a number. */
export const counted = (key, count, values = {}) => {
  const form = `${key}.${new Intl.PluralRules(current).select(count)}`;
  return say(Object.hasOwn(words, form) ? form : `${key}.other`, { count, ...values });
};

/** The name of a kind, or the kind itself if it has none. */
export const kindOf = (group, kind) => words[`${group}.${kind.replaceAll(" ", "_")}`] ?? kind;

/** Put words into a part of the page: `data-say` names a text, `data-say-title` that of an attribute. */
export function put(part) {
  for (const node of part.querySelectorAll("[data-say]")) node.replaceChildren(...withKeys(say(node.dataset.say)));
  for (const attribute of ["placeholder", "aria-label", "data-waiting"]) {
    for (const node of part.querySelectorAll(`[data-say-${attribute}]`)) {
      node.setAttribute(attribute, say(node.getAttribute(`data-say-${attribute}`)));
    }
  }
}

/** What stands between backticks is a key to press or a text to type. */
const withKeys = (text) => text.split("`").map((piece, at) => {
  if (at % 2 === 0) return piece;
  const key = document.createElement("kbd");
  key.textContent = piece;
  return key;
});
