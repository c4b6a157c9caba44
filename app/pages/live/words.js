// What the visitor writes: words in place of spoken ones, corrections, notes.

import { part } from "./page.js";
import { control, say, session } from "./session.js";
import { paintTimeline, timeNow, timeline } from "./timeline.js";

let correcting = null; // the number of the utterance whose words are being corrected

part("type").addEventListener("submit", (event) => {
  event.preventDefault();
  if (session.phase !== "running") return say("Press Start first; typed words are read together with what the camera sees.");
  control({ typed: part("typed").value });
  part("typed").value = "";
});
part("correcting").addEventListener("submit", (event) => {
  event.preventDefault();
  control({ corrected: { utterance: correcting, text: part("corrected").value } });
  correct(null);
});

// Opens a line for the words of this utterance, above the list of them all; null closes it.
export function correct(utterance) {
  correcting = utterance ? utterance.number : null;
  part("correcting").hidden = !utterance;
  if (!utterance) return;
  part("corrected").setAttribute("aria-label", `Correct what was said at ${utterance.time}`);
  part("corrected").value = utterance.words;
  part("corrected").focus();
}

part("cancel").addEventListener("click", () => correct(null));
part("corrected").addEventListener("keydown", (event) => { if (event.key === "Escape") correct(null); });
part("history").addEventListener("click", (event) => {
  const utterance = event.target.closest("button")?.utterance;
  if (utterance && session.phase === "running") correct(utterance);
});
part("notes").addEventListener("submit", (event) => {
  event.preventDefault();
  control({ note: part("note").value });
  part("note").value = "";
  timeline.marks.push(timeNow());
  paintTimeline();
});
