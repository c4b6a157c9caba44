// The lesson: which expressions, the count-down before each try, what it is worth, and what it answers.

import { setData, setText, setWidth } from "../shared/dom.js";
import { drawBars } from "../shared/moment.js";
import { part, root, server } from "./page.js";
import { say, session, wait } from "./session.js";

const HOLD_S = 3;
const READY_S = 2; // to get ready, before each try
const LATEST_MS = 10000; // a try is over by then
const DONE_MS = 700;
const MOST_NAMES = 8;
const ORDINALS = ["first", "second"];
const LABELS = [...root.querySelectorAll("[data-part=reasons] [data-label]")].map((row) => row.dataset.label);

let own = []; // names of the visitor's own
let lesson = null; // what the server last said of it
let used = null; // whether the lesson is to be used, until the server says so, too
let deleted = false; // views from before are still on their way
let flow = null; // the tries that are being gone through, one after the other

const running = () => session.phase === "running";
const rows = () => [...part("teach_names").children];
const isChosen = (row) => row.querySelector("input").checked;
const isHeld = (name) => lesson !== null && Object.hasOwn(lesson.held, name); // a name may be "constructor"
const heldOf = (name) => (isHeld(name) ? lesson.held[name] : [null, null]);

// A name of one's own stays as it is in other languages, too.
function nameOf(name, className = "") {
  const node = Object.assign(document.createElement("span"), { className, textContent: name });
  if (!LABELS.includes(name)) node.dataset.words = "said";
  return node;
}

function addRow(name) {
  const row = document.createElement("li");
  row.dataset.name = name;
  const label = Object.assign(document.createElement("label"), { className: "cp-check" });
  label.append(Object.assign(document.createElement("input"), { type: "checkbox", checked: true }), nameOf(name));
  label.firstChild.addEventListener("change", () => leaveOut(row));
  const tries = document.createElement("span");
  row.append(label, tries);
  ORDINALS.forEach((ordinal, attempt) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "cp-small" });
    button.addEventListener("click", () => go([[name, attempt]]));
    tries.append(button);
  });
  part("teach_names").append(row);
}

// What was held of it is forgotten; a name of one's own is gone.
function leaveOut(row) {
  const { name } = row.dataset;
  if (!isChosen(row) && isHeld(name)) ask({ drop: name });
  if (own.includes(name)) {
    own = own.filter((other) => other !== name);
    row.remove();
  }
  drawRows();
}

function drawRows() {
  for (const row of rows()) {
    const held = heldOf(row.dataset.name);
    row.querySelector("input").disabled = flow !== null;
    [...row.querySelectorAll("button")].forEach((button, attempt) => {
      setText(button, held[attempt] ? `${ORDINALS[attempt]}: ${held[attempt]}` : ORDINALS[attempt]);
      button.setAttribute("aria-label", `Hold ${row.dataset.name}, ${ORDINALS[attempt]} try${held[attempt] ? ", again" : ""}`);
      setData(button, "held", held[attempt] !== null);
      button.disabled = flow !== null || !running() || !isChosen(row);
    });
  }
  const left = missing().length;
  part("teach_go").disabled = flow !== null || !running() || !left;
  setText(part("teach_go"), !lesson || !Object.keys(lesson.held).length ? "Begin" : left ? "Go on" : "All held");
  part("teach_pause").hidden = flow === null;
  part("teach_delete").disabled = !lesson || !Object.keys(lesson.held).length;
}

// All first tries, then all second ones: who repeats at once only holds on.
function missing() {
  const names = rows().filter(isChosen).map((row) => row.dataset.name);
  return ORDINALS.flatMap((_, attempt) => names.filter((name) => heldOf(name)[attempt] === null).map((name) => [name, attempt]));
}

async function ask(change) {
  const answer = await server.control({ token: session.token, lesson: change }).catch(() => ({ error: "failed", message: "The connection is lost. Try again." }));
  tell(answer.error ? answer.message : "");
  return !answer.error;
}

function tell(message) {
  setText(part("teach_told"), message);
  part("teach_told").hidden = !message;
}

function tellNow(text, holding, share) {
  setText(part("teach_now"), text);
  setData(part("teach_now"), "holding", holding);
  setWidth(part("teach_left"), share);
}

async function go(tries) {
  const mine = (flow = {});
  tell("");
  drawRows();
  part("teach_pause").scrollIntoView({ block: "center" }); // the count-down is below it
  for (const [name, attempt] of tries) {
    if (!(await hold(mine, name, attempt))) break;
  }
  if (flow !== mine) return;
  flow = null;
  tellNow("", false, 0);
  drawRows();
}

// Gives whether the next try may follow.
async function hold(mine, name, attempt) {
  const named = `${name}, ${ORDINALS[attempt]} try`;
  for (let left = READY_S; left > 0; left -= 1) {
    tellNow(`Get ready: ${named} … ${left}`, false, 0);
    await wait(1000);
    if (flow !== mine) return false;
  }
  if (!(await ask({ hold: { name, attempt } }))) return false;
  const until = performance.now() + LATEST_MS;
  let begun = false;
  while (flow === mine && performance.now() < until) {
    const holding = lesson?.holding;
    if (holding) {
      begun = true;
      tellNow(`Hold: ${named} … ${Math.max(1, Math.ceil(holding.left))}`, true, 1 - Math.max(0, holding.left) / HOLD_S);
    } else if (begun) break;
    await wait(100);
  }
  if (flow !== mine) return false;
  if (lesson?.told || !begun) {
    tell(lesson?.told || "The try was lost on the way. Hold it again.");
    return false;
  }
  tellNow(`${named}: done`, false, 1);
  await wait(DONE_MS);
  return flow === mine;
}

function drawAnswer() {
  part("by_lesson").hidden = !lesson?.answer;
  setText(part("by_lesson"), lesson?.answer ? `By your own lesson: ${lesson.answer}` : "");
  const bars = lesson?.bars ?? {};
  const list = part("teach_bars");
  const names = Object.keys(bars);
  if (names.join("\n") !== [...list.children].map((row) => row.dataset.label).join("\n")) {
    list.replaceChildren(...names.map((name) => {
      const row = document.createElement("li");
      row.dataset.label = name;
      const track = Object.assign(document.createElement("span"), { className: "cp-track" });
      track.append(document.createElement("i"));
      row.append(nameOf(name, "cp-label"), track, Object.assign(document.createElement("span"), { className: "cp-value" }));
      return row;
    }));
  }
  drawBars(list, bars, names.reduce((best, name) => (bars[name] > (bars[best] ?? -1) ? name : best), null));
}

export function drawLesson(view) {
  if (deleted && Object.keys(view.held).length) return;
  deleted = false;
  const changed = JSON.stringify(view.held) !== JSON.stringify(lesson?.held);
  lesson = view;
  if (changed) drawRows();
  setText(part("teach_worth"), view.worth);
  part("teach_switch").hidden = !view.can;
  if (used === view.on || !view.can) used = null;
  part("teach_use").checked = used ?? view.on;
  drawAnswer();
}

// The session has ended, and the server has forgotten the lesson.
export function endLesson() {
  flow = lesson = used = null;
  own = [];
  deleted = false;
  part("teach_names").replaceChildren();
  LABELS.forEach(addRow);
  part("teach_consent").hidden = false;
  part("teach_body").hidden = part("teach_switch").hidden = true;
  setText(part("teach_worth"), "");
  tell("");
  tellNow("", false, 0);
  drawRows();
  drawAnswer();
}

part("teach_agree").addEventListener("click", () => {
  if (!running()) return say("Press Start first; then it can be taught.");
  part("teach_consent").hidden = true;
  part("teach_body").hidden = false;
  part("teach_go").focus({ preventScroll: true });
});
part("teach_go").addEventListener("click", () => go(missing()));
part("teach_pause").addEventListener("click", () => {
  flow = null;
  tellNow("", false, 0);
  drawRows();
});
part("teach_use").addEventListener("change", async () => {
  used = part("teach_use").checked;
  if (!(await ask({ use: used }))) used = null;
});
part("teach_delete").addEventListener("click", async () => {
  if (!(await ask({ delete: true }))) return;
  endLesson();
  deleted = true;
  say("Your lesson is deleted.");
});
part("teach_own").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = part("teach_name").value.normalize("NFC").trim().replace(/\s+/g, " ");
  part("teach_name").value = "";
  if (!name) return tell("Type a name first.");
  if ([...LABELS, ...own].some((other) => other.toLowerCase() === name.toLowerCase())) return tell(`“${name}” is in the list already.`);
  if (own.length >= MOST_NAMES) return tell(`There is room for ${MOST_NAMES} names of your own. Leave one out first.`);
  tell("");
  own.push(name);
  addRow(name);
  drawRows();
});
endLesson();
