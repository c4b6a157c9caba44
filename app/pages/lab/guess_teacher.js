// The teacher's view of a class: its code, how many have guessed, and the answers when they are to be seen.

import { ask, asked, part, root, say, show } from "./guess_page.js";
import { give, takeAway } from "./guess_stage.js";
import { drawAnswers, drawCounts, drawScore, ofClass } from "./guess_tables.js";

const LOOK_MS = 2000;
const REMEMBERED = "guess-leads";

let leading = null; // {code, key}
let timer = 0;
let seen = null; // what was drawn last
let ended = () => {};

// Whether the class is open: a new one, or the one that was led before the page was loaded again.
export async function lead(onEnd, before = null) {
  const opened = before ?? await ask("open_class", { page: location.origin + location.pathname });
  if (!opened) return false;
  sessionStorage.setItem(REMEMBERED, JSON.stringify(opened));
  ended = onEnd;
  leading = { code: opened.code, key: opened.key };
  part("code").textContent = opened.code;
  part("link").textContent = opened.link;
  part("picture").src = opened.picture;
  part("alone").hidden = !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  part("open").checked = false;
  part("open").onchange = () => seen && draw(seen);
  part("gives").onclick = (event) => {
    const stage = event.target.closest("button")?.dataset.give;
    if (stage && seen) give(seen.moments[seen.round], stage);
  };
  takeAway();
  show("teacher", "given");
  look();
  return true;
}

export function stopLeading() {
  clearTimeout(timer);
  if (leading) asked("close_class", leading);
  leading = seen = null;
  sessionStorage.removeItem(REMEMBERED);
}

export const ledBefore = () => JSON.parse(sessionStorage.getItem(REMEMBERED));
export const goOn = (what) => look(what);

async function look(what = null) {
  clearTimeout(timer);
  const mine = leading;
  const answer = await asked("lead", { ...mine, do: what });
  if (leading !== mine || !mine) return;
  if (answer.error === "ended") {
    leading = null;
    ended();
    say(answer.message);
    return;
  }
  if (answer.error) say(answer.message);
  else draw(answer);
  timer = setTimeout(look, LOOK_MS);
}

function draw(found) {
  if (seen?.round !== found.round) takeAway();
  seen = found;
  const labels = [...part("labels").children].map((button) => button.dataset.label);
  const pupils = found.pupils === 1 ? "1 pupil is here." : `${found.pupils} pupils are here.`;
  part("pupils").textContent = `Moment ${found.round + 1}. ${pupils}`;
  part("left").textContent = `The class ends by itself in ${Math.ceil(found.seconds / 60)} min.`;
  drawCounts(found.counts[found.round], labels, found.shown || part("open").checked);
  root.querySelector("[data-do=show]").disabled = found.shown;
  root.querySelector("[data-do=next]").disabled = !found.more;
  part("reveal").hidden = !found.shown;
  if (!found.shown) return;
  root.querySelector("[data-do=further]").hidden = true;
  const answer = found.answers[found.round];
  part("right").textContent = `The sentence was written for: ${answer.label}.`;
  drawAnswers("class", ofClass(found.counts[found.round], answer.label), answer);
  drawScore("class", found.answers.map((one, i) => ({ answer: one, ...scored(found.counts[i], one.label) })));
}

function scored(counts, label) {
  const by = (of) => Object.fromEntries(Object.entries(counts).map(([stage, found]) => [stage, of(found)]));
  return { right: by((found) => found[label] ?? 0), all: by((found) => Object.values(found).reduce((sum, n) => sum + n, 0)) };
}
