// The tables of the exhibit: guesses beside answers, the score, a class's counts.

import { part, people, stages } from "./guess_page.js";

const percent = (share) => `${Math.round(100 * share)} %`;

function fill(table, head, rows) {
  const row = (cells, isHead) => {
    const made = document.createElement("tr");
    cells.forEach((cell, i) => {
      const { text, right } = typeof cell === "object" ? cell : { text: cell };
      const one = document.createElement(isHead || i === 0 ? (text === "" ? "td" : "th") : "td");
      if (one.tagName === "TH") one.scope = isHead ? "col" : "row";
      one.textContent = text;
      if (right !== undefined) one.dataset.right = right;
      made.append(one);
    });
    return made;
  };
  table.replaceChildren(document.createElement("thead"), document.createElement("tbody"));
  table.tHead.append(row(head, true));
  table.tBodies[0].append(...rows.map((cells) => row(cells, false)));
}

const marked = (text, right) => ({ text: `${text} ${right ? "✓" : "✗"}`, right });

// One round: what was guessed in each stage, and what the models say.
export function drawAnswers(who, guessed, { label, said }) {
  const models = Object.keys(Object.values(said)[0]);
  const rows = Object.entries(stages).map(([stage, title]) => [
    title,
    guessed[stage],
    ...models.map((model) => marked(said[stage][model].told, said[stage][model].label === label)),
  ]);
  fill(part("answers"), ["given", who, ...models], rows);
}

export const own = (guesses, label) =>
  Object.fromEntries(Object.keys(stages).map((stage) => [stage, stage in guesses ? marked(guesses[stage], guesses[stage] === label) : "–"]));

export const ofClass = (counts, label) =>
  Object.fromEntries(Object.keys(stages).map((stage) => {
    const all = Object.values(counts[stage]).reduce((sum, n) => sum + n, 0);
    return [stage, all ? `${counts[stage][label] ?? 0} of ${all}` : "–"];
  }));

// All rounds so far; each has its `answer` and, by stage, how many guesses were `right` and how many there were (`all`).
export function drawScore(who, rounds) {
  const models = Object.keys(Object.values(rounds[0].answer.said)[0]);
  const rows = Object.entries(stages).map(([stage, title]) => {
    const right = rounds.reduce((sum, round) => sum + round.right[stage], 0);
    const all = rounds.reduce((sum, round) => sum + round.all[stage], 0);
    const ofModel = (model) => rounds.filter(({ answer }) => answer.said[stage][model].label === answer.label).length;
    const beside = models.map((model) => `${ofModel(model)} of ${rounds.length}`);
    return [title, all ? `${right} of ${all}` : "–", ...beside, stage in people ? percent(people[stage]) : "–"];
  });
  fill(part("score"), ["right", who, ...models, "people of CREMA-D"], rows);
  part("scored").textContent = `Score after ${rounds.length} ${rounds.length === 1 ? "moment" : "moments"}`;
}

// How many have guessed in each stage, and where it is `open`, what.
export function drawCounts(counts, labels, open) {
  const rows = Object.entries(stages).map(([stage, title]) => {
    const found = counts[stage];
    return [title, Object.values(found).reduce((sum, n) => sum + n, 0), ...(open ? labels.map((label) => found[label] ?? 0) : [])].map(String);
  });
  fill(part("counts"), ["given", "guesses", ...(open ? labels : [])], rows);
}
