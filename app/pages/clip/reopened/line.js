// The timeline: one session, or two under one another on one axis, with what they agree on between them. It is scrubbed by a press, a
// drag, or the keys.

import { part } from "../../shared/dom.js";
import { drawMoment } from "../../shared/moment.js";
import { clock, paintLabel, paintUpright, paintWeights, paletteOf, penFor, runsOf, weightsOf, writeWithin } from "../../shared/strip.js";
import { translated } from "../../shared/translate.js";
import { opened, root } from "./state.js";

const HAND_HEIGHT = 24;
const LABEL_HEIGHT = 24;
const WEIGHT_HEIGHT = 60;
const BETWEEN_HEIGHT = 22;
const AXIS_HEIGHT = 20;
const TICKS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600];
const TICK_APART = 64;
// What is still called the same moment (s): times are rounded in files.
const NEAR_S = 0.005;

const canvas = () => part("line", root);
const sessions = () => [opened, opened.second].filter(Boolean);
const wholeS = () => Math.max(...sessions().map((one) => one.view.length), 0.5);
const heightOf = (one) => (handsOf(one).length ? HAND_HEIGHT : 0) + LABEL_HEIGHT + WEIGHT_HEIGHT;

// Labels by hand are what is in the page now; of the second session, what its file had.
function handsOf(one) {
  const labels = one === opened ? opened.edits : new Map(one.view.utterances.map((utterance, i) => [i, utterance.by_hand]));
  return [...labels].filter(([, given]) => given.label).map(([number, { label }]) => ({ at: one.view.utterances[number].start, label, number }));
}

export function watchLine() {
  const node = canvas();
  const at = (event) => (event.offsetX / node.clientWidth) * wholeS();
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    chooseAt(at(event));
  });
  node.addEventListener("pointermove", (event) => { if (event.buttons) chooseAt(at(event)); });
  node.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const times = [...new Set(sessions().flatMap((one) => one.view.moments.map((moment) => moment.at)))].sort((a, b) => a - b);
    const before = times.findLastIndex((time) => time <= opened.at + NEAR_S);
    chooseAt(times[Math.max(0, Math.min(times.length - 1, before + step))]);
  });
  new ResizeObserver(paintLine).observe(node);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintLine);
  new MutationObserver(() => { if (opened.view) tell(); }).observe(document.documentElement, { attributeFilter: ["lang"] });
}

// The moment at a time, or else the last before it, or the first.
const momentAt = (view, at) => view.moments.findLast((moment) => moment.at <= at + NEAR_S) ?? view.moments[0] ?? null;

function told(view, at) {
  const found = momentAt(view, at);
  if (!found || at < found.at - NEAR_S || at > found.until + NEAR_S) return "no moment";
  const { kind, headline, percent, modalities } = found.moment;
  const weights = Object.values(weightsOf(modalities)).map(({ name, text, filled }) => `${name} ${text}${filled ? " (absent, filled in)" : ""}`);
  return [headline, percent].filter(Boolean).join(" ") + (kind === "nothing" ? "" : `. Weights: ${weights.join(", ")}`);
}

export function chooseAt(at) {
  opened.at = Math.max(0, Math.min(wholeS(), at));
  const found = momentAt(opened.view, opened.at);
  if (found) drawMoment(root, { ...found.moment, of: `at ${found.time}` });
  tell();
  markLine(opened.view.utterances.findLastIndex((utterance) => utterance.start <= opened.at + NEAR_S));
}

// An utterance as a whole; of a live session that is another prediction than those of its seconds.
export function chooseUtterance(number) {
  const utterance = opened.view.utterances[number];
  chooseAt(utterance.start);
  drawMoment(root, { ...(utterance.moment ?? opened.view.moments[number].moment), of: `${utterance.time}, the utterance as a whole` });
  markLine(number);
}

// In the list of utterances, the one whose moment is shown.
function markLine(number) {
  const list = part("lines", root);
  for (const row of list.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
  const row = list.children[number];
  if (!row) return;
  row.setAttribute("aria-current", "true");
  const within = row.offsetTop - list.offsetTop;
  if (within < list.scrollTop || within + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = within - 8;
}

// Where there are two, each by the name of its file, which stays as it is in every language.
function tell() {
  const each = sessions().map((one) => ({ name: opened.second ? one.name : "", words: one.again ? "none" : "said", sentence: told(one.view, opened.at) }));
  const span = (textContent, words) => {
    const made = Object.assign(document.createElement("span"), { textContent });
    made.dataset.words = words;
    return made;
  };
  const nodes = ({ name, words, sentence }) => [" ", ...(name ? [span(name, words), ": "] : []), span(sentence, "none"), "."];
  const spoken = ({ name, words, sentence }) => `${name && `${words === "none" ? translated(name) : name}: `}${translated(sentence)}.`;
  part("line_told", root).replaceChildren(`${clock(opened.at)}:`, ...each.flatMap(nodes));
  const node = canvas();
  node.setAttribute("aria-valuemax", wholeS().toFixed(1));
  node.setAttribute("aria-valuenow", opened.at.toFixed(1));
  node.setAttribute("aria-valuetext", `${clock(opened.at)}: ${each.map(spoken).join(" ")}`);
  paintLine();
}

export function paintLine() {
  const node = canvas();
  if (!opened.view) return;
  const both = sessions();
  const bottom = both.reduce((sum, one) => sum + heightOf(one), 0) + (opened.second ? BETWEEN_HEIGHT : 0);
  node.style.height = `${bottom + AXIS_HEIGHT}px`;
  const pen = penFor(node, bottom + AXIS_HEIGHT);
  if (!pen) return;
  const [width, colour] = [node.clientWidth, paletteOf(node)];
  const xOf = (at) => (at / wholeS()) * width;
  let top = 0;
  for (const one of both) {
    paintSession(pen, one, xOf, top, colour);
    top += heightOf(one);
    if (one === opened && opened.second) {
      paintAgreement(pen, opened.second.agreement, xOf, top + 3, colour);
      top += BETWEEN_HEIGHT;
    }
  }
  paintUpright(pen, Math.max(1, Math.min(width - 1, xOf(opened.at))), bottom, colour("ink"), []);
  paintAxis(pen, xOf, width, bottom + AXIS_HEIGHT / 2, colour);
}

function paintSession(pen, one, xOf, top, colour) {
  const hands = handsOf(one);
  if (hands.length) {
    for (const { label, number } of hands) {
      const { start, end } = one.view.utterances[number];
      const [left, right] = [xOf(start), Math.max(xOf(end ?? start), xOf(start) + 6)];
      pen.strokeStyle = colour("ink");
      pen.lineWidth = 1.5;
      pen.strokeRect(left + 1, top + 1, right - left - 2, HAND_HEIGHT - 6);
      writeWithin(pen, label, colour("ink"), left, right, top, HAND_HEIGHT);
    }
    top += HAND_HEIGHT;
  }
  const { moments } = one.view;
  const bottom = top + LABEL_HEIGHT + WEIGHT_HEIGHT;
  for (const { at, until, moment } of moments) {
    paintWeights(pen, weightsOf(moment.modalities), colour, xOf(at), Math.max(1, xOf(until) - xOf(at)), bottom, WEIGHT_HEIGHT);
  }
  // A pause is a run of its own, so that a label does not go on through it.
  const points = moments.flatMap(({ at, until, moment }, i) => {
    const pause = moments[i + 1] && moments[i + 1].at > until + NEAR_S ? [{ at: until, kind: "pause", headline: "" }] : [];
    return [{ at, kind: moment.kind, headline: moment.headline }, ...pause];
  });
  for (const { from, to, kind, headline } of runsOf(points)) {
    if (kind !== "pause") paintLabel(pen, headline, kind === "sure", colour, xOf(from), xOf(to ?? moments.at(-1).until), top, LABEL_HEIGHT);
  }
  for (const { at } of one.view.notes) paintUpright(pen, xOf(at), bottom, colour("ink"), [5, 4]);
}

// Full where both name the same, in a frame where they name others, and a line where one of them names none.
function paintAgreement(pen, spans, xOf, top, colour) {
  pen.lineWidth = 1.5;
  for (const [start, end, kind] of spans) {
    const [left, wide] = [xOf(start), Math.max(1, xOf(end) - xOf(start) - 1)];
    pen.fillStyle = pen.strokeStyle = colour("muted");
    if (kind === "same") pen.fillRect(left, top, wide, 12);
    else if (kind === "other") pen.strokeRect(left + 1, top + 1, Math.max(1, wide - 2), 10);
    else pen.fillRect(left, top + 5, wide, 1.5);
  }
}

function paintAxis(pen, xOf, width, y, colour) {
  const step = TICKS_S.find((one) => xOf(one) >= TICK_APART) ?? TICKS_S.at(-1);
  pen.fillStyle = colour("muted");
  for (let at = 0; at <= wholeS(); at += step) {
    const text = clock(at);
    pen.fillText(text, Math.min(xOf(at), width - pen.measureText(text).width), y);
  }
}
