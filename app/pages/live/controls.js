// What the visitor does while it runs: switches, subsets, sliders, the model, words, notes, files, faces.

let correcting = null; // the number of the utterance whose words are being corrected

part("consent").addEventListener("change", () => (ticket && !part("consent").checked ? leaveLine() : enter(phase)));
part("start").addEventListener("click", start);
part("stop").addEventListener("click", () => (phase === "waiting" ? leaveLine() : stop()));
for (const node of root.querySelectorAll("[data-switch]")) {
  node.addEventListener("click", () => {
    node.setAttribute("aria-checked", node.getAttribute("aria-checked") !== "true");
    control({ switches: switches() });
  });
}
const spoilers = [...root.querySelectorAll("[data-spoil]")];
const amount = (node) => (node.type === "checkbox" ? node.checked : Number(node.value));
const spoiling = () => Object.fromEntries(spoilers.map((node) => [node.dataset.spoil, amount(node)]));
let spoilTimer = null;

// The picture is spoilt here as the senses get it there; a slider that moves fast is told when it rests.
function spoil() {
  const { darkness, blur, cover } = spoiling();
  const shown = local ? part("still") : part("video");
  shown.style.filter = darkness || blur ? `brightness(${1 - darkness}) blur(${(blur * shown.clientHeight) / 12}px)` : "";
  part("cover").style.height = `${100 * cover}%`;
  for (const node of spoilers) if (node.type === "range") setText(node.previousElementSibling, node.value);
  clearTimeout(spoilTimer);
  spoilTimer = setTimeout(() => control({ spoiling: spoiling() }), 120);
}

for (const node of spoilers) node.addEventListener("input", spoil);
part("unspoil").addEventListener("click", () => {
  for (const node of spoilers) {
    if (node.type === "checkbox") node.checked = false;
    else node.value = node.dataset.rest;
  }
  spoil();
});
part("model").addEventListener("change", () => control({ model: part("model").value }));
// A recogniser that is still loading understands none yet, and none may be asked of it.
const language = () => (part("language").disabled ? {} : { language: part("language").value });
function offerLanguages(languages) {
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
  const text = part("typed").value;
  control(correcting === null ? { typed: text } : { corrected: { turn: correcting, text } });
  correct(null);
});

// From now on the line for typed words takes the words of this utterance, or with null, of the present moment again.
function correct(turn) {
  correcting = turn ? turn.number : null;
  const told = turn ? `Correct what was said at ${turn.time}` : "Type words instead";
  part("typed").placeholder = told;
  part("typed").setAttribute("aria-label", told);
  part("typed").value = turn ? turn.words : "";
  part("leave").hidden = !turn;
  if (turn) part("typed").focus();
}

part("leave").addEventListener("click", () => correct(null));
part("typed").addEventListener("keydown", (event) => { if (event.key === "Escape") correct(null); });
part("history").addEventListener("click", (event) => {
  const turn = event.target.closest("button")?.turn;
  if (turn && phase === "running") correct(turn);
});
for (const node of root.querySelectorAll("[data-subset]")) {
  node.addEventListener("click", () => {
    for (const one of root.querySelectorAll("[data-switch]")) {
      one.setAttribute("aria-checked", node.dataset.subset.includes(one.dataset.switch[0].toUpperCase()));
    }
    control({ switches: switches() });
  });
}
for (const node of root.querySelectorAll(".cp-other")) {
  node.addEventListener("click", () => {
    const [left, top, right, bottom] = node.place;
    control({ face: [(left + right) / 2, (top + bottom) / 2] });
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
    if (files) offer(node.dataset.file, files[node.dataset.file]);
    else say("The session could not be fetched. Try again.");
  });
}
part("delete").addEventListener("click", async () => {
  if (token) await stop("", false);
  forget();
  drawWaiting("Press Start to begin.");
  drawRecord(false);
  say("The session is deleted, here and on the server.");
});
window.addEventListener("pagehide", () => {
  if (token) stop("", false);
  if (ticket) leaveLine();
});
