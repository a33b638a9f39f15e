// Formats values, sources, reasons and names as text.

import { language } from "./language.js";

const whole = (p) => new Intl.NumberFormat(language(), { style: "percent" }).format(p);

export const percent = (p) => (p > 0 && p < 0.01 ? `<${whole(0.01)}` : whole(p));

/** The last part of a source: most sources are paths, and their folders are shown only in a tooltip. */
export const lastPart = (source) => source.split(/[\\/]/).pop() || source;

/** A value as text, with its unit or language. */
export const valueOf = (value) =>
  [value.value, value.unit, value.language && `(${value.language})`].filter(Boolean).join(" ");

/** A reason as a sentence, with a capital letter and a full stop. */
export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?…。！？]$/.test(text) ? "" : "."}`;

const LONGEST = 20; // characters of a name in a picture; the tooltip has the whole name

/** A name, cut to the length that fits into a picture. */
export function short(text) {
  const characters = Array.from(text);
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : text;
}
