// A saved session, opened again. Its file stays in this page; the server reads it anew for each call, and keeps nothing.

import { part, setText } from "../../shared/dom.js";
import { offerFile } from "../../shared/offer.js";
import { clearSecond, drawSecond } from "./both.js";
import { chooseAt, paintLine, watchLine } from "./line.js";
import { drawLines, editsOf } from "./lines.js";
import { opened, root, settle, settleClose } from "./state.js";

const MOST_BYTES = 6_000_000;

let server;

export function open(element, calls) {
  server = calls;
  settle(element.querySelector("[data-reopened]"));
  for (const name of ["first", "second"]) {
    part(name, root).addEventListener("change", ({ target }) => {
      const [file] = target.files;
      target.value = ""; // the same may be chosen again
      if (file) take(file);
    });
  }
  part("close", root).addEventListener("click", close);
  part("apart", root).addEventListener("click", () => { clearSecond(); paintLine(); });
  for (const button of root.querySelectorAll("[data-save]")) button.addEventListener("click", () => save(button));
  watchLine();
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, dropped, true);
  part("first", root).disabled = false; // what was chosen before this script was there would be lost
  window.addEventListener("beforeunload", (event) => { if (opened.unsaved) event.preventDefault(); });
}

const isJson = (file) => file.type === "application/json" || file.name.toLowerCase().endsWith(".json");

// Anywhere on the page: what is not JSON is left to the place where clips are dropped, and the browser never leaves the page for it.
function dropped(event) {
  if (!root.offsetParent || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  const [file] = event.type === "drop" ? event.dataTransfer.files : [];
  if (!file || !(isJson(file) || root.contains(event.target))) return;
  event.stopPropagation();
  take(file);
}

function say(sentence) {
  const told = part("reopened_told", root);
  told.hidden = !sentence;
  setText(told, sentence);
}

// The first file is opened, a later one compared with it. Whatever is wrong with a file, what is open stays.
async function take(file) {
  const first = opened.packed;
  say("");
  root.setAttribute("aria-busy", "true");
  try {
    const packed = await pack(file);
    const view = first ? await ask("compare", { packed: first, other: packed }) : await ask("reopen", { packed });
    if (opened.packed !== first) return; // closed meanwhile, or another was quicker
    if (first) {
      drawSecond(file.name, view);
      paintLine();
    } else show(file.name, packed, view);
  } catch (error) {
    say(`${file.name} was not opened. ${error.message}`);
  } finally {
    root.removeAttribute("aria-busy");
  }
}

// A file in little: text of numbers becomes a fourth of its size, and so it fits into a call.
async function pack(file) {
  if (file.size > MOST_BYTES) throw new Error(`It is larger than ${MOST_BYTES / 1e6} MB.`);
  let bytes;
  try {
    bytes = new Uint8Array(await new Response(file.stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
  } catch (error) {
    throw new Error("The browser could not read it. A folder, or a file that was moved, cannot be opened.");
  }
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}

async function ask(call, data) {
  let answer;
  try {
    answer = await server[call](data);
  } catch (error) {
    throw new Error("The server did not answer. Try again.");
  }
  if (answer.error) throw new Error(answer.message);
  return answer;
}

function show(name, packed, view) {
  Object.assign(opened, { name, packed, view, unsaved: false, edits: editsOf(view) });
  part("drop", root).hidden = true;
  part("opened", root).hidden = false;
  setText(part("name", root), name);
  const count = view.utterances.length;
  setText(part("told", root), [view.live ? "live session" : "clip", view.model, `${count} utterance${count === 1 ? "" : "s"}`].filter(Boolean).join(", "));
  drawLines();
  chooseAt(0);
}

function close() {
  const button = part("close", root);
  if (opened.unsaved && button.dataset.sure !== "true") {
    button.dataset.sure = "true";
    setText(button, "Close without saving");
    return say("Your corrections and notes are in no file yet. Save as JSON keeps them; press again to close without.");
  }
  Object.assign(opened, { name: "", packed: null, view: null, unsaved: false, edits: new Map() });
  clearSecond();
  settleClose();
  part("opened", root).hidden = true;
  part("drop", root).hidden = false;
  say("");
}

async function save(button) {
  say("");
  const edits = [...opened.edits].map(([number, given]) => ({ number, ...given }));
  const stem = opened.name.replace(/\.json$/i, "") + (edits.length ? "-by-hand" : "");
  try {
    const { files } = await ask("save", { packed: opened.packed, by_hand: JSON.stringify(edits) });
    for (const suffix of button.dataset.save.split(" ")) offerFile(`${stem}${suffix}`, files[suffix]);
    opened.unsaved = false;
    settleClose();
  } catch (error) {
    say(`The file could not be made. ${error.message}`);
  }
}
