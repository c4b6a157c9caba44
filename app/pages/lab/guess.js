// Guess before the machine: alone, or as a pupil of a class. The answers come after the last stage.

import { ask, asked, begin, part, root, say, show, stages } from "./guess_page.js";
import { give, replay, takeAway } from "./guess_stage.js";
import { drawAnswers, drawScore, own } from "./guess_tables.js";
import { goOn, lead, ledBefore, stopLeading } from "./guess_teacher.js";

const LOOK_MS = 5000;
const REMEMBERED = "guess-class";

let pupil = null; // {code, token} of a class
let order = []; // moments that are still to come, when alone
let round = null; // {number, moment, guesses}, and whether its answers were seen
let rounds = [];
let timer = 0;

export function open(element, calls) {
  begin(element, calls);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.label) choose(button.dataset.label);
    if (button?.dataset.do) DO[button.dataset.do]();
  });
  part("join").addEventListener("submit", (event) => {
    event.preventDefault();
    join(new FormData(event.target).get("code"));
  });
  for (const button of part("start").querySelectorAll("button")) button.disabled = false;
  if (ledBefore()) return teach(ledBefore());
  const code = new URLSearchParams(location.search).get("class");
  const before = JSON.parse(sessionStorage.getItem(REMEMBERED));
  if (before && (!code || code.toUpperCase() === before.code)) return resume(before);
  if (code) {
    part("join").elements.code.value = code;
    join(code);
  }
}

const DO = {
  alone: playAlone,
  teach,
  show: () => goOn("show"),
  next: () => goOn("next"),
  end: leave,
  replay,
  further: () => beginRound(order.shift()),
  leave,
};

async function teach(before) {
  if (await lead(leave, before)) enter("teacher");
}

function enter(view) {
  root.dataset.view = view;
  document.getElementById("lab").toggleAttribute("data-playing", view !== "start");
  part("away").hidden = view === "start" || view === "teacher";
  say("");
}

function leave() {
  clearTimeout(timer);
  stopLeading();
  takeAway();
  sessionStorage.removeItem(REMEMBERED);
  pupil = round = null;
  rounds = [];
  enter("start");
  show("start");
}

// --- alone ----------------------------------------------------------------------------------------------------

function playAlone() {
  order = Array.from({ length: Number(root.dataset.moments) }, (_, number) => number);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  rounds = [];
  enter("alone");
  beginRound(order.shift());
}

function beginRound(moment, number = rounds.length, guesses = {}) {
  round = { number, moment, guesses };
  nextStage();
}

const due = () => Object.keys(stages).find((stage) => !(stage in round.guesses));

async function nextStage() {
  const stage = due();
  if (!stage) return finish();
  show("play", "given", "labels");
  const names = Object.keys(stages);
  const where = part("where");
  where.textContent = `Moment ${round.number + 1}, ${names.indexOf(stage) + 1} of ${names.length}: ${stages[stage]}`;
  markStages(stage);
  where.focus();
  const mine = round;
  enable(false);
  await give(mine.moment, stage);
  if (mine === round) enable(true);
}

function markStages(now) {
  for (const step of part("stages").children) {
    step.dataset.state = step.dataset.stage in round.guesses ? "done" : step.dataset.stage === now ? "now" : "later";
    if (step.dataset.state === "now") step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
}

function enable(on) {
  for (const button of part("labels").children) button.disabled = !on;
}

async function choose(label) {
  const [mine, stage] = [round, due()];
  enable(false);
  say("");
  if (pupil) {
    const counted = await ask("guess", { ...pupil, round: mine.number, stage, label });
    if (!counted) return look();
  }
  if (mine !== round) return;
  mine.guesses[stage] = label;
  nextStage();
}

async function finish() {
  takeAway();
  markStages("");
  if (pupil) {
    show("play");
    part("where").textContent = `Moment ${round.number + 1}: you have guessed.`;
    say("Wait until your teacher shows the answers.");
    return;
  }
  say("Asking the models…");
  const mine = round;
  const answer = await ask("answer", { moment: mine.moment, guesses: mine.guesses });
  if (mine !== round) return;
  if (!answer) {
    timer = setTimeout(finish, LOOK_MS); // what went wrong has been said
    return;
  }
  say("");
  reveal(answer);
}

function reveal(answer) {
  takeAway();
  round.seen = true;
  show("reveal");
  const guesses = own(round.guesses, answer.label);
  rounds = [...rounds.filter(({ number }) => number !== round.number), { number: round.number, answer, ...scored(round.guesses, answer.label) }];
  part("right").textContent = `The sentence was written for: ${answer.label}.`;
  drawAnswers("you", guesses, answer);
  drawScore("you", rounds);
  const further = root.querySelector("[data-do=further]");
  further.hidden = Boolean(pupil) || !order.length;
  part("right").focus();
  if (!pupil && !order.length) say("These were all moments.");
}

function scored(guesses, label) {
  const by = (of) => Object.fromEntries(Object.keys(stages).map((stage) => [stage, of(stage)]));
  return { right: by((stage) => Number(guesses[stage] === label)), all: by((stage) => Number(stage in guesses)) };
}

// --- as a pupil -----------------------------------------------------------------------------------------------

async function join(given) {
  const code = given.trim().toUpperCase();
  const joined = await ask("join_class", { code });
  if (!joined) return;
  resume({ code, token: joined.token });
}

// A reload of the page is the same pupil.
function resume(known) {
  pupil = known;
  sessionStorage.setItem(REMEMBERED, JSON.stringify(pupil));
  enter("pupil");
  look();
}

// What the class does now, asked again and again: the teacher shows the answers, and goes on.
async function look() {
  clearTimeout(timer);
  const mine = pupil;
  const answer = await asked("look", mine);
  if (pupil !== mine) return;
  if (answer.error === "ended") {
    leave();
    say(answer.message);
    return;
  }
  if (!answer.error) follow(answer);
  timer = setTimeout(look, LOOK_MS);
}

function follow(answer) {
  if (round?.number !== answer.round) {
    say("");
    beginRound(answer.moment, answer.round, answer.guessed);
  }
  if (!answer.shown || round.seen) return;
  say("Your teacher shows the answers, and goes on to the next moment.");
  reveal(answer.answer);
}
