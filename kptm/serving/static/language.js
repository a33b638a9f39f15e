// The texts of the page in the reader's language; each language has a file, for example words.de.json.

export const LANGUAGES = { en: "English", de: "Deutsch", zh: "中文" };
const STORED = "kptm-language";

let current = "en";
let words = {};

/** The language that the user chose on this page, or null. */
export function chosenLanguage() {
  try {
    const stored = localStorage.getItem(STORED);
    return Object.hasOwn(LANGUAGES, stored ?? "") ? stored : null;
  } catch {
    return null; // the browser lets this page store nothing
  }
}

/** The language in which the page is shown. */
export const language = () => current;

/** Load the texts of the chosen language, or of the first of the browser's languages that has a file. */
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
    // Without storage, the choice lasts until the page is closed.
  }
  await loadWords();
}

/** The text of a key, with values in place of {names}; the key itself if there is no such text. */
export const say = (key, values = {}) =>
  (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));

/** The text of a key in the plural form for a number. */
export const counted = (key, count, values = {}) => {
  const form = `${key}.${new Intl.PluralRules(current).select(count)}`;
  return say(Object.hasOwn(words, form) ? form : `${key}.other`, { count, ...values });
};

/** The name of a kind in the language of the page, or the kind itself if it has no name. */
export const kindOf = (group, kind) => words[`${group}.${kind.replaceAll(" ", "_")}`] ?? kind;

/** Put texts into a part of the page: `data-say` has the key of an element's text, `data-say-placeholder` that of an attribute. */
export function put(part) {
  for (const node of part.querySelectorAll("[data-say]")) node.replaceChildren(...withKeys(say(node.dataset.say)));
  for (const attribute of ["placeholder", "aria-label", "data-waiting"]) {
    for (const node of part.querySelectorAll(`[data-say-${attribute}]`)) {
      node.setAttribute(attribute, say(node.getAttribute(`data-say-${attribute}`)));
    }
  }
}

/** Turn each part between backticks into a <kbd> element: a key to press or a text to type. */
const withKeys = (text) => text.split("`").map((piece, at) => {
  if (at % 2 === 0) return piece;
  const key = document.createElement("kbd");
  key.textContent = piece;
  return key;
});
