// Drawing of the live page. Its elements exist from the start.

import { setData, setText, setWidth } from "../shared/dom.js";
import { drawBars, drawMoment, nameBars } from "../shared/moment.js";
import { translated } from "../shared/translate.js";
import { drawFaces, place } from "./faces.js";
import { part, root } from "./page.js";
import { local, session } from "./session.js";
import { addPoint } from "./timeline.js";

const SAY_EVERY_MS = 4000;
const STAGES = {
  decode: "picture decoding", face: "face", speech: "speech detection", voice: "voice",
  recogniser: "speech recognition", words: "words", fusion: "fusion",
};

// Of the answer and the cards; those of a lesson have names of their own.
const BARS = ".cp-reasons .cp-bars, .cp-card .cp-bars";
const shown = {}; // the nodes of the latency block, by figure
let spokenAt = 0;
let lastSpoken = "";

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

function drawNow(moment) {
  for (const list of root.querySelectorAll(BARS)) nameBars(list, moment.labels);
  drawMoment(root, moment);
  const spoken = [moment.headline, moment.percent, moment.basis, moment.why].filter(Boolean).map(translated).join(" ");
  const now = performance.now();
  if (now - spokenAt > SAY_EVERY_MS && spoken !== lastSpoken) {
    setText(part("spoken_status"), spoken);
    [spokenAt, lastSpoken] = [now, spoken];
  }
}

export function drawWaiting(basis) {
  const fused = root.querySelector("[data-fused]");
  setData(fused, "kind", "waiting");
  setText(part("headline"), "waiting");
  setText(part("percent"), "");
  setText(part("basis"), basis);
  for (const name of ["of", "why"]) setText(part(name), "");
  part("new").hidden = true;
  setData(part("reasons"), "kind", "waiting");
  setData(part("picture"), "faceless", false);
  for (const list of root.querySelectorAll(BARS)) drawBars(list, null, null);
  for (const card of root.querySelectorAll("[data-modality]")) {
    setData(card, "state", "waiting");
    setData(card, "filled", false);
    setText(part("state", card), "waiting");
    setText(part("prediction", card), "nothing to read");
    setWidth(part("weight", card), 0);
    setText(part("weight_text", card), "");
    setText(part("relied", card), "");
  }
  drawSubsets(null);
  drawTranscript({ text: "", told: "", strength: 1 });
  setText(part("remembered"), "0 sentences");
}

function drawSubsets(subsets) {
  for (const cell of root.querySelectorAll("[data-subset]")) {
    const view = subsets ? subsets[cell.dataset.subset] : { told: "–", now: false, lacking: false };
    setText(part("told", cell), view.told);
    setData(cell, "lacking", view.lacking);
    if (cell.getAttribute("aria-pressed") !== String(view.now)) cell.setAttribute("aria-pressed", view.now);
  }
}

// The last words stay until the next ones come: on the picture, in the line for words and in their card, as faint as they count little.
function drawTranscript({ text, told, strength }) {
  setText(part("transcript"), text || "Nothing said yet.");
  setData(part("transcript"), "empty", !text);
  setData(part("transcript"), "words", text ? "said" : "none");
  setText(part("source"), told && `(${told})`);
  setText(part("subtitle"), text);
  setText(part("last"), text);
  part("last").hidden = !text;
  for (const name of ["transcript", "subtitle", "last"]) part(name).style.opacity = text ? strength : 1;
}

export function drawRecogniser({ state, name, note }) {
  setText(part("recogniser"), state === "ready" ? [`Speech recognition: ${name}.`, note].filter(Boolean).join(" ") : note);
}

export function drawHistory(utterances) {
  const list = part("history");
  part("nohistory").hidden = utterances.length > 0;
  while (list.children.length > utterances.length) list.lastChild.remove();
  while (list.children.length < utterances.length) {
    const row = document.createElement("li");
    row.append(...["time", "said", "told"].map((name) => Object.assign(document.createElement("span"), { className: `cp-${name}` })));
    row.children[1].append(document.createElement("span"), document.createElement("span"));
    row.append(Object.assign(document.createElement("button"), { type: "button", className: "cp-correct", textContent: "correct" }));
    list.append(row);
  }
  utterances.forEach((utterance, i) => {
    const [time, { children: [who, said] }, told, button] = list.children[i].children;
    button.utterance = utterance;
    button.setAttribute("aria-label", `Correct the words of ${utterance.time}`);
    setText(time, utterance.time);
    setData(who, "words", utterance.named ? "said" : "none");
    setText(who, utterance.who && `${utterance.who}: `);
    setData(said, "words", utterance.words ? "said" : "none");
    setText(said, utterance.transcript);
    setText(told, utterance.prediction);
  });
}

// What was still to come when the session ended will not come.
export function endHistory() {
  for (const { children: [, whole, told, button] } of part("history").children) {
    if (told.textContent !== "…") continue;
    if (!button.utterance.words) setText(whole.lastChild, "(no words)");
    setText(told, "not judged");
  }
}

export function drawBoxes(box, faces) {
  place(part("box"), box);
  drawFaces(faces);
}

function drawFigure(name, label, value, digits = 0, unit = "ms") {
  if (!shown[name]) {
    const term = Object.assign(document.createElement("dt"), { textContent: label });
    shown[name] = document.createElement("dd");
    shown[name].dataset.figure = name;
    part("latency").append(term, shown[name]);
  }
  setText(shown[name], value === null || value === undefined ? "–" : `${value.toFixed(digits)}${unit ? ` ${unit}` : ""}`);
}

export const latest = { captured: null, toScreen: [], updates: [] };

function drawLatency(view) {
  for (const [stage, label] of Object.entries(STAGES)) drawFigure(stage, label, view.stage_ms[stage], 1);
  drawFigure("median", "capture to screen, median", latest.toScreen.length ? quantile(latest.toScreen, 0.5) : null);
  drawFigure("p95", "capture to screen, 95 of 100", latest.toScreen.length ? quantile(latest.toScreen, 0.95) : null);
  const span = latest.updates.length > 1 ? (latest.updates.at(-1) - latest.updates[0]) / 1000 : 0;
  drawFigure("rate", "face updates per second", span ? (latest.updates.length - 1) / span : null, 1, "");
  drawFigure("dropped", "pictures replaced by newer ones", view.frames_dropped, 0, "");
  drawFigure("lost", "sound lost", view.audio_lost_s, 1, "s");
  drawFigure("smoothing", "smoothing (time constant)", view.smoothing_s, 1, "s");
}

export function draw(view) {
  drawNow(view.moment);
  drawSubsets(view.subsets);
  addPoint(view);
  drawBoxes(session.capture.hasCamera ? view.box : null, session.capture.hasCamera ? view.faces : []);
  // Where a face is looked for and none is found, the picture says so: a box that is missing would look like a fault.
  setData(part("picture"), "faceless", session.capture.hasCamera && view.moment.modalities.video.state === "absent" && !view.box);
  drawTranscript(view.transcript);
  drawHistory(view.utterances);
  setText(part("remembered"), view.remembered === 1 ? "1 sentence" : `${view.remembered} sentences`);
  setData(part("activity"), "speaking", view.speaking);
  setText(part("activity_text"), !session.capture.hasMicrophone ? "no microphone" : view.speaking ? "voice heard" : "listening");
  setWidth(part("level"), session.capture.level);
  if (view.captured !== null && view.captured !== latest.captured) {
    latest.captured = view.captured;
    // The browser paints what was set here at the end of the coming frame.
    requestAnimationFrame(() => {
      // The server's clock is another.
      if (!local) latest.toScreen = [...latest.toScreen.slice(-99), performance.now() - view.captured];
      latest.updates = [...latest.updates.slice(-99), performance.now()];
    });
  }
  drawLatency(view);
}
