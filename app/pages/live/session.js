// The session as its scripts share it: whether it runs, what it captures with, what is asked of the server, and what the visitor is told.

import { setText } from "../shared/dom.js";
import { part, root, server } from "./page.js";

const BRIEFLY_MS = 8000;

export const session = { phase: "gate", token: null, capture: null };
export const local = root.dataset.capture === "local";

let saying = "";

export function say(message) {
  saying = message;
  setText(part("message"), message);
  part("message").hidden = !message;
}

export function sayBriefly(message) {
  say(message);
  setTimeout(() => { if (saying === message) say(""); }, BRIEFLY_MS);
}

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function control(change) {
  const { token } = session;
  if (!token) return;
  try {
    const answer = await server.control({ token, ...change });
    // Of a session that has ended the loop tells.
    if (answer.error && answer.error !== "ended") say(answer.message);
  } catch (error) {
    say("The connection is lost. Trying again…");
  }
}
