// What is open: its name, its packed file, its view, and what was put beside its utterances by hand, by their number.

import { part, setText } from "../../shared/dom.js";

export const opened = { name: "", packed: null, view: null, edits: new Map(), unsaved: false, at: 0, second: null };
export let root;

export function settle(element) {
  root = element;
}

// Closing is asked for anew after each change.
export function settleClose() {
  part("close", root).dataset.sure = "false";
  setText(part("close", root), "Close it");
}
