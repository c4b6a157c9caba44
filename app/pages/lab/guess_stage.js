// What a stage gives: sound alone, picture alone, words alone, or all. A file is loaded when it is due.

import { ask, part } from "./guess_page.js";

const HAS = { A: ["audio"], V: ["video"], T: ["words"] };

// Stages are named by the initials of what they give.
export async function give(moment, stage) {
  takeAway();
  const given = [...stage].flatMap((initial) => HAS[initial]);
  if (given.includes("audio")) part("audio").src = `guess/${moment}.mp3`;
  if (given.includes("video")) {
    part("video").src = `guess/${moment}.mp4`;
    part("video").hidden = false;
  }
  if (given.includes("words")) {
    const answer = await ask("words", { moment });
    part("words").textContent = answer ? `“${answer.words}”` : "";
    part("words").hidden = !answer;
  }
  const played = given.includes("audio") || given.includes("video");
  part("replay").hidden = !played;
  if (played) replay();
}

// Where a browser does not play by itself, the button is there.
export function replay() {
  for (const medium of [part("audio"), part("video")]) {
    if (!medium.getAttribute("src")) continue;
    medium.currentTime = 0;
    medium.play().catch(() => {});
  }
}

export function takeAway() {
  for (const medium of [part("audio"), part("video")]) {
    medium.pause();
    medium.removeAttribute("src");
    medium.load();
  }
  part("video").hidden = part("words").hidden = part("replay").hidden = true;
  part("words").textContent = "";
}
