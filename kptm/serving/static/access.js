// The access token, if the server requires one: the page asks for it once, and the browser stores it until the tab is closed.

import { byId } from "./dom.js";

/** The key of the stored token; a server of several workspaces serves each at a path of its own. */
const storedAt = (path) => `kptm-token:${path}`;
const STORED = storedAt(location.pathname);

let current = "";
try {
  current = sessionStorage.getItem(STORED) ?? "";
} catch {
  // The browser lets this page store nothing.
}

/** The headers with the token; characters that no token has and no header may contain are replaced by "?". */
export const accessHeaders = () => (current ? { authorization: `Bearer ${current.replace(/[^!-~]/g, "?")}` } : {});

function keep(token) {
  current = token;
  try {
    if (token) sessionStorage.setItem(STORED, token);
    else sessionStorage.removeItem(STORED);
  } catch {
    // Without storage, the token is held until the page is closed.
  }
}

/** Store the token for another page of this server too, because it is accepted there. */
export function keepFor(path) {
  try {
    if (current) sessionStorage.setItem(storedAt(path), current);
  } catch {
    // Without storage, that page asks for the token itself.
  }
}

/** Ask the user for a token until the request `use` succeeds with it; `said` is the server's message. */
export function askForToken(said, use) {
  const part = byId("access");
  const field = byId("access-token");
  const message = byId("access-said");
  return new Promise((resolve) => {
    message.textContent = current ? said : ""; // an earlier token was refused
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
