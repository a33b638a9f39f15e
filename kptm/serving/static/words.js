// How values are said.

import { language } from "./language.js";

const whole = (p) => new Intl.NumberFormat(language(), { style: "percent" }).format(p);

export const percent = (p) => (p > 0 && p < 0.01 ? `<${whole(0.01)}` : whole(p));

/** A source is a path, most often: its folders are for a title. */
export const lastPart = (source) => source.split(/[\\/]/).pop() || source;

/** A value with its unit or language. */
export const valueOf = (value) =>
  [value.value, value.unit, value.language && `(${value.language})`].filter(Boolean).join(" ");

/** A reason as a sentence. */
export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?…。！？]$/.test(text) ? "" : "."}`;

const LONGEST = 20; // characters of a name in a picture; its title has all

/** A name for a picture. */
export function short(text) {
  const characters = Array.from(text);
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : text;
}
