// The token that a server may require: asked for once, kept by the browser until its tab is closed.

import { byId } from "./dom.js";

const STORED = "kptm-token";

let current = "";
try {
  current = sessionStorage.getItem(STORED) ?? "";
} catch {
  // the browser stores nothing for this page
}

/** The headers by which a request says who asks; other characters than a token's cannot be sent. */
export const accessHeaders = () => (current ? { authorization: `Bearer ${current.replace(/[^!-~]/g, "?")}` } : {});

function keep(token) {
  current = token;
  try {
    if (token) sessionStorage.setItem(STORED, token);
    else sessionStorage.removeItem(STORED);
  } catch {
    // it is kept for as long as the page stays open
  }
}

/** Ask for a token until `use` succeeds with it; `said` is the message of the server. */
export function askForToken(said, use) {
  const part = byId("access");
  const field = byId("access-token");
  const message = byId("access-said");
  return new Promise((resolve) => {
    message.textContent = current ? said : ""; // a token was given, and is not accepted
    keep("");
    part.hidden = false;
    field.focus();
    byId("access-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      keep(field.value.trim());
      try {
        const found = await use();
        part.hidden = true;
        field.value = "";
        resolve(found);
      } catch (error) {
        keep("");
        message.textContent = error.message;
        field.select();
      }
    });
  });
}
