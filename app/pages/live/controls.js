// What the visitor does while it runs: switches, subsets, sliders, the model, words, notes, files.

import { drawRecord, fetchFiles, forget, kept, offer, unsaved } from "./record.js";
import { drawWaiting } from "./draw.js";
import { leaveLine, ticket } from "./line.js";
import { control, enter, local, phase, say, start, stop, switches, token } from "./live.js";
import { part, root, setText } from "./page.js";
import { paintTimeline, timeNow, timeline } from "./timeline.js";

let correcting = null; // the number of the utterance whose words are being corrected

part("consent").addEventListener("change", () => (ticket && !part("consent").checked ? leaveLine() : enter(phase)));
part("start").disabled = !part("consent").checked; // it may have been given before this script was there
part("start").addEventListener("click", () => start());
part("sample").addEventListener("click", () => start("sample"));
part("typing").addEventListener("click", () => start("typing"));
// A press before this script was there would be lost.
part("sample").disabled = part("typing").disabled = false;
part("ask_save").addEventListener("click", () => (kept ? offer("json", kept.json) : say("The session is still being fetched. Try again.")));
part("ask_anew").addEventListener("click", () => {
  forget();
  drawRecord(false);
  start(part("ask").dataset.way);
});
part("stop").addEventListener("click", () => (phase === "waiting" ? leaveLine() : stop()));
for (const node of root.querySelectorAll("[data-switch]")) {
  node.addEventListener("click", () => {
    node.setAttribute("aria-checked", node.getAttribute("aria-checked") !== "true");
    control({ switches: switches() });
  });
}
const degraders = [...root.querySelectorAll("[data-degrade]")];
const amount = (node) => (node.type === "checkbox" ? node.checked : Number(node.value));
export const degradation = () => Object.fromEntries(degraders.map((node) => [node.dataset.degrade, amount(node)]));
let degradeTimer = null;

// The picture is degraded here as the senses get it there; a slider that moves fast is told when it rests.
function degrade() {
  const { darkness, blur, cover } = degradation();
  const shown = local ? part("still") : part("video");
  shown.style.filter = darkness || blur ? `brightness(${1 - darkness}) blur(${(blur * shown.clientHeight) / 12}px)` : "";
  part("cover").style.height = `${100 * cover}%`;
  for (const node of degraders) if (node.type === "range") setText(node.previousElementSibling, node.value);
  clearTimeout(degradeTimer);
  degradeTimer = setTimeout(() => control({ degradation: degradation() }), 120);
}

for (const node of degraders) node.addEventListener("input", degrade);
part("undegrade").addEventListener("click", () => {
  for (const node of degraders) {
    if (node.type === "checkbox") node.checked = false;
    else node.value = node.dataset.rest;
  }
  degrade();
});
export const memory = () => part("memory").checked;
part("memory").addEventListener("change", () => control({ memory: memory() }));
part("forget").addEventListener("click", () => control({ forget: true }));
part("model").addEventListener("change", () => control({ model: part("model").value }));
// A recogniser that is still loading understands none yet, and none may be asked of it.
export const language = () => (part("language").disabled ? {} : { language: part("language").value });
export function offerLanguages(languages) {
  const names = Object.entries(languages);
  if (names.length < 2) return;
  part("language").replaceChildren(...names.map(([code, name]) => new Option(name[0].toUpperCase() + name.slice(1), code, code === "en", code === "en")));
  part("language").disabled = false;
  setText(part("language_told"), "The words sense reads English: the recogniser translates other languages into it.");
}

part("language").addEventListener("change", () => control(language()));
part("type").addEventListener("submit", (event) => {
  event.preventDefault();
  if (phase !== "running") return say("Press Start first; typed words are read together with what the camera sees.");
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
  if (utterance && phase === "running") correct(utterance);
});
for (const node of root.querySelectorAll("[data-subset]")) {
  node.addEventListener("click", () => {
    for (const one of root.querySelectorAll("[data-switch]")) {
      one.setAttribute("aria-checked", node.dataset.subset.includes(one.dataset.switch[0].toUpperCase()));
    }
    control({ switches: switches() });
  });
}
part("notes").addEventListener("submit", (event) => {
  event.preventDefault();
  control({ note: part("note").value });
  part("note").value = "";
  timeline.marks.push(timeNow());
  paintTimeline();
});
for (const node of root.querySelectorAll("[data-file]")) {
  node.addEventListener("click", async () => {
    const files = token ? await fetchFiles(token) : kept;
    if (files) for (const name of node.dataset.file.split(" ")) offer(name, files[name]);
    else say("The session could not be fetched. Try again.");
  });
}
part("delete").addEventListener("click", async () => {
  if (token) await stop("", false);
  forget();
  drawWaiting("Press Start, or play a sample.");
  part("ask").hidden = true;
  drawRecord(false);
  say("The session is deleted, here and on the server.");
});
// The browser asks before a session is lost by reload.
window.addEventListener("beforeunload", (event) => {
  if (token || unsaved()) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  if (token) stop("", false);
  if (ticket) leaveLine();
});
