// What the visitor may save. While the session runs, the server has it; after Stop, this page alone.

import { setText } from "../shared/dom.js";
import { offerFile } from "../shared/offer.js";
import { drawHistory } from "./draw.js";
import { part, root, server } from "./page.js";
import { clearTimeline } from "./timeline.js";

export let kept = null;
let saved = false;
let wanted = null; // the token of the session whose files are being fetched, unless it was deleted meanwhile

export function drawRecord(running) {
  const something = running || kept !== null;
  for (const node of root.querySelectorAll("[data-file]")) node.disabled = !something;
  part("delete").disabled = !something;
  part("note").disabled = part("mark").disabled = !running;
  setText(
    part("record_told"),
    running
      ? "A line a second, the words and your notes are kept while it runs, without picture or sound."
      : kept
        ? "The server has forgotten the session. This page still has its lines, words and notes, until you delete them, start anew or close it."
        : "Nothing is recorded. A line a second, the words and your notes can be saved as a file, without picture or sound.",
  );
}

// The last session would be lost by a new one: it is here, or on its way, and nobody has saved it.
export const unsaved = () => !saved && (kept !== null || wanted !== null);

// Nothing of the last session is kept or shown any more: a new one begins, or it is deleted.
export function forget() {
  kept = wanted = null;
  saved = false;
  clearTimeline();
  drawHistory([]);
}

export function offer(name, text) {
  offerFile(`session${name.startsWith("_") ? "" : "."}${name}`, text);
  saved = true;
}

// All files of a running session; null if the server does not give them.
export async function fetchFiles(token) {
  try {
    return (await server.take_along({ token })).files ?? null;
  } catch (error) {
    return null;
  }
}

// Keeps the files of a session that ends, unless they are forgotten before they come. Returns what went wrong, or "".
export async function keepFiles(token) {
  wanted = token;
  saved = false;
  const files = await fetchFiles(token);
  if (wanted !== token) return "";
  kept = files;
  wanted = null;
  return files ? "" : "The session's lines and words could not be fetched from the server.";
}
