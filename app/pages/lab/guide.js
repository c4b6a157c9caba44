// The steps of the guide: one is shown, the page looks whether it was done, and checks the answer. All of it stays in this page.

import { english } from "../shared/translate.js";
import { alone, choose } from "./exhibits.js";

const LOOK_MS = 500;

let root;
let steps;
let at = 0;
const answered = new Map(); // number -> {first, tries, done}

export function open(element) {
  root = element.querySelector("[data-guide]");
  steps = [...root.querySelectorAll("[data-step]")];
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-go]");
    if (button) GO[button.dataset.go]();
  });
  const printing = (on) => () => document.documentElement.toggleAttribute("data-printing", on && root.dataset.guide === "summary");
  window.addEventListener("beforeprint", printing(true));
  window.addEventListener("afterprint", printing(false));
  button("start").disabled = false;
  setInterval(look, LOOK_MS);
}

const GO = {
  start: () => go(at),
  open: () => go(at),
  back: () => go(at - 1),
  next: () => (at + 1 < steps.length ? go(at + 1) : summarise()),
  summary: summarise,
  stop: () => { enter("closed"); alone(false); },
  print: () => window.print(),
  check,
};

const button = (name) => root.querySelector(`[data-go=${name}]`);

function enter(state) {
  root.dataset.guide = state;
  for (const one of root.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== state;
}

function go(number) {
  at = Math.max(0, number);
  enter("open");
  alone(true);
  choose(steps[at].dataset.for);
  steps.forEach((step, i) => { step.hidden = i !== at; });
  button("back").disabled = at === 0;
  tell();
  look();
  steps[at].querySelector("h3").focus();
}

function tell() {
  const done = [...answered.values()].filter((one) => one.done).length;
  root.querySelector("progress").value = done;
  for (const one of root.querySelectorAll("[data-done]")) one.textContent = `${done} of ${steps.length} done`;
  button("next").textContent = answered.get(at)?.done ? "Next" : "Skip";
}

// --- what the page can see ------------------------------------------------------------------------------------

function isSeen({ at: selector, has, lacks, count, value }) {
  const found = [...document.querySelectorAll(selector)];
  const text = found.map(english).join("\n").toLowerCase();
  return (
    found.length >= count
    && (!has || text.includes(has.toLowerCase()))
    && (!lacks || !text.includes(lacks.toLowerCase()))
    && (value === null || found.some((one) => Number(one.value) === value))
  );
}

const ready = () => JSON.parse(steps[at].dataset.seen).every(isSeen);

function look() {
  if (root.dataset.guide !== "open") return;
  const state = steps[at].querySelector(".cp-state-seen");
  const next = ready() ? "seen" : "waiting";
  if (state.dataset.state === next) return;
  state.dataset.state = next;
  state.textContent = next === "seen" ? "The page sees it." : "Not there yet: do this first.";
}

// --- questions ------------------------------------------------------------------------------------------------

function check() {
  const step = steps[at];
  const told = step.querySelector(".cp-verdict");
  const chosen = step.querySelector("input:checked");
  if (!ready()) told.textContent = "First do what the step says.";
  else if (!chosen) told.textContent = "Choose an answer.";
  else {
    const known = answered.get(at) ?? { first: english(chosen.parentElement).trim(), tries: 0, done: false };
    const right = chosen.value === step.dataset.right;
    if (!known.done) answered.set(at, { ...known, tries: known.tries + 1, done: right });
    told.textContent = right ? `Right. ${told.dataset.told}` : "Not this one. Look again.";
    told.dataset.right = right;
  }
  tell();
}

function summarise() {
  const rows = steps.map((step, i) => {
    const known = answered.get(i);
    const option = english(step.querySelectorAll("fieldset label")[Number(step.dataset.right)]).trim();
    const row = document.createElement("tr");
    const cells = [
      english(step.querySelector("h3")),
      english(step.querySelector("legend")),
      known ? known.first : "–",
      known ? String(known.tries) : "–",
      known?.done ? `${option}. ${step.querySelector(".cp-verdict").dataset.told}` : "–",
    ];
    row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return row;
  });
  root.querySelector("[data-rows]").replaceChildren(...rows);
  tell();
  enter("summary");
  root.querySelector(".cp-summary h2").focus();
}
