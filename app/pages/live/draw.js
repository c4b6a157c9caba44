// Drawing of the live page. Its elements exist from the start.

import { drawFaces } from "./faces.js";
import { capture, local } from "./live.js";
import { part, root, setData, setText, setWidth } from "./page.js";
import { addPoint } from "./timeline.js";

const SAY_EVERY_MS = 4000;
const STAGES = {
  decode: "picture decoding", face: "face", speech: "speech detection", voice: "voice",
  recogniser: "speech recognition", words: "words", fusion: "fusion",
};

const shown = {}; // the nodes of the latency block, by figure
let spokenAt = 0;

export const percent = (p) => (p < 0.995 ? `${Math.round(100 * p)} %` : ">99 %");
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

function drawBars(list, bars, top) {
  for (const row of list.children) {
    const p = bars ? bars[row.dataset.label] : null;
    setWidth(row.querySelector("i"), p ?? 0);
    setText(row.querySelector(".cp-value"), p === null ? "–" : percent(p));
    setData(row, "top", row.dataset.label === top);
  }
}

function drawMoment(moment) {
  const fused = root.querySelector("[data-fused]");
  setData(fused, "kind", moment.kind);
  setText(part("headline"), moment.headline);
  setText(part("percent"), moment.percent);
  setText(part("basis"), moment.basis);
  setText(part("of"), ` · ${moment.of}`);
  part("new").hidden = !moment.new;
  setText(part("why"), moment.why);
  setData(part("reasons"), "kind", moment.kind);
  drawBars(part("reasons").querySelector(".cp-bars"), moment.bars, moment.top);
  for (const [modality, view] of Object.entries(moment.modalities)) {
    const card = root.querySelector(`[data-modality="${modality}"]`);
    setData(card, "state", view.state);
    setData(card, "filled", view.filled_in);
    setText(part("state", card), view.state_text);
    part("state", card).title = view.state_text;
    setText(part("prediction", card), view.prediction);
    drawBars(card.querySelector(".cp-bars"), view.bars, view.top);
    setWidth(part("weight", card), view.weight ?? 0);
    setText(part("weight_text", card), view.weight_text);
    setText(part("relied", card), view.relied);
  }
  const spoken = [moment.headline, moment.percent, moment.basis, moment.why].join(" ");
  const now = performance.now();
  if (now - spokenAt > SAY_EVERY_MS && part("spoken_status").textContent !== spoken) {
    setText(part("spoken_status"), spoken);
    spokenAt = now;
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
  for (const list of root.querySelectorAll(".cp-bars")) drawBars(list, null, null);
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
    row.append(Object.assign(document.createElement("button"), { type: "button", className: "cp-correct", textContent: "correct" }));
    list.append(row);
  }
  utterances.forEach((utterance, i) => {
    const [time, said, told, button] = list.children[i].children;
    button.utterance = utterance;
    button.setAttribute("aria-label", `Correct the words of ${utterance.time}`);
    setText(time, utterance.time);
    setText(said, [utterance.who, utterance.transcript].filter(Boolean).join(": "));
    setText(told, utterance.prediction);
  });
}

export function drawBoxes(box, faces) {
  place(part("box"), box);
  drawFaces(faces);
}

export function place(node, box) {
  node.hidden = !box;
  if (!box) return;
  const [left, top, right, bottom] = box;
  Object.assign(node.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
  });
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
  drawMoment(view.moment);
  drawSubsets(view.subsets);
  addPoint(view);
  drawBoxes(capture.hasCamera ? view.box : null, capture.hasCamera ? view.faces : []);
  // Where a face is looked for and none is found, the picture says so: a box that is missing would look like a fault.
  setData(part("picture"), "faceless", capture.hasCamera && view.moment.modalities.video.state === "absent" && !view.box);
  drawTranscript(view.transcript);
  drawHistory(view.utterances);
  setText(part("remembered"), view.remembered === 1 ? "1 sentence" : `${view.remembered} sentences`);
  setData(part("activity"), "speaking", view.speaking);
  setText(part("activity_text"), !capture.hasMicrophone ? "no microphone" : view.speaking ? "voice heard" : "listening");
  setWidth(part("level"), capture.level);
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
