// The utterances, a line each: what was said, what was predicted, and beside it what was put there by hand.

import { part } from "../../shared/dom.js";
import { chooseUtterance, paintLine } from "./line.js";
import { opened, root, settleClose } from "./state.js";

const FIELDS = ["label", "transcript", "note"];

// What a file had by hand, by the number of its utterance.
export function editsOf(view) {
  return new Map(view.utterances.map((utterance, i) => [i, utterance.by_hand]).filter(([, given]) => FIELDS.some((field) => given[field])));
}

const make = (tag, more, ...children) => {
  const node = Object.assign(document.createElement(tag), more);
  node.append(...children);
  return node;
};

// What a person said or typed stays as it is in every language.
function said(textContent, className = "") {
  const node = make("span", { className, textContent });
  node.dataset.words = "said";
  return node;
}

export function drawLines() {
  part("lines", root).replaceChildren(
    ...opened.view.utterances.map((utterance, number) => {
      const time = make("button", { type: "button", className: "cp-seek", textContent: utterance.time, onclick: () => chooseUtterance(number) });
      time.setAttribute("aria-label", `Show ${utterance.time}`);
      const edit = make("button", { type: "button", className: "cp-small", textContent: "correct or note", onclick: () => openForm(number) });
      edit.setAttribute("aria-label", `Correct or note ${utterance.time}`);
      const row = make(
        "li", { className: "cp-line-row" }, time,
        utterance.transcript ? said(utterance.transcript, "cp-said") : make("span", { className: "cp-said", textContent: "(no words)" }),
        make("strong", { className: "cp-told", textContent: utterance.prediction }), edit,
        make("p", { className: "cp-by-hand" }),
      );
      return row;
    }),
  );
  for (const number of opened.view.utterances.keys()) drawByHand(number);
}

const rowOf = (number) => part("lines", root).children[number];

function drawByHand(number) {
  const given = opened.edits.get(number) ?? {};
  const parts = [
    given.label && [make("span", { textContent: given.label })],
    given.transcript && [said(`“${given.transcript}”`)],
    given.note && ["note: ", said(given.note)],
  ].filter(Boolean);
  const node = rowOf(number).querySelector(".cp-by-hand");
  node.hidden = !parts.length;
  const told = parts.flatMap((part, i) => [i ? " · " : " ", ...part]);
  node.replaceChildren(make("span", { className: "cp-new", textContent: "by hand" }), ...told);
}

function openForm(number) {
  closeForm();
  const form = part("form", root).content.firstElementChild.cloneNode(true);
  const field = (name) => form.querySelector(`[data-field="${name}"]`);
  const given = opened.edits.get(number) ?? {};
  for (const name of FIELDS) field(name).value = given[name] ?? "";
  field("transcript").placeholder = opened.view.utterances[number].transcript;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const filled = FIELDS.map((name) => [name, field(name).value.trim()]).filter(([, value]) => value);
    if (filled.length) opened.edits.set(number, Object.fromEntries(filled));
    else opened.edits.delete(number);
    opened.unsaved = true;
    settleClose();
    drawByHand(number);
    paintLine();
    closeForm(number);
  });
  form.querySelector("[data-cancel]").addEventListener("click", () => closeForm(number));
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") closeForm(number); });
  rowOf(number).append(form);
  chooseUtterance(number);
  field("label").focus();
}

function closeForm(number) {
  part("lines", root).querySelector("form")?.remove();
  if (number !== undefined) rowOf(number).querySelector(".cp-small").focus();
}
