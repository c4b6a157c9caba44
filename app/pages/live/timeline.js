// The last two minutes on one canvas: what it was taken for, and how the coordinator weighed the three. It is painted anew a few times
// a second; what a point in it says stands in words below.

import { setText } from "../shared/dom.js";
import { clock, paintLabel, paintUpright, paintWeights, paletteOf, penFor, runsOf, weightsOf } from "../shared/strip.js";
import { part } from "./page.js";

const TIMELINE_S = 120;
const POINT_EVERY_S = 0.5;
const LABEL_HEIGHT = 24;
const WEIGHT_HEIGHT = 84;
const AXIS_HEIGHT = 20;

export const timeline = { points: [], marks: [], chosen: null };

export function addPoint(view) {
  const last = timeline.points.at(-1);
  if (last && view.at - last.at < POINT_EVERY_S) return;
  const { kind, headline, percent: share, modalities } = view.moment;
  timeline.points.push({ at: view.at, kind, headline, share, weights: weightsOf(modalities) });
  timeline.points = timeline.points.filter((point) => view.at - point.at <= TIMELINE_S);
  timeline.marks = timeline.marks.filter((at) => view.at - at <= TIMELINE_S);
  if (timeline.chosen !== null && !timeline.points.includes(timeline.chosen)) timeline.chosen = null;
  paintTimeline();
}

export function clearTimeline() {
  Object.assign(timeline, { points: [], marks: [], chosen: null });
  setText(part("timeline_told"), "Point at it, or use the arrow keys, to read a moment.");
  paintTimeline();
}

export const timeNow = () => timeline.points.at(-1)?.at ?? 0;
const xOf = (at, width) => width * (1 - (timeNow() - at) / TIMELINE_S);

export function paintTimeline() {
  const canvas = part("timeline");
  const pen = penFor(canvas, LABEL_HEIGHT + WEIGHT_HEIGHT + AXIS_HEIGHT);
  if (!pen) return;
  const [width, colour] = [canvas.clientWidth, paletteOf(canvas)];
  const bottom = LABEL_HEIGHT + WEIGHT_HEIGHT;
  timeline.points.forEach((point, i) => {
    const left = xOf(point.at, width);
    const next = timeline.points[i + 1];
    paintWeights(pen, point.weights, colour, left, (next ? xOf(next.at, width) : width) - left, bottom, WEIGHT_HEIGHT);
  });
  for (const { from, to, kind, headline } of runsOf(timeline.points)) {
    paintLabel(pen, headline, kind === "sure", colour, xOf(from, width), to === null ? width : xOf(to, width), 0, LABEL_HEIGHT);
  }
  for (const at of timeline.marks) paintUpright(pen, xOf(at, width), bottom, colour("ink"), [5, 4]);
  if (timeline.chosen) paintUpright(pen, xOf(timeline.chosen.at, width), bottom, colour("ink"), []);
  pen.fillStyle = colour("muted");
  for (let at = Math.ceil((timeNow() - TIMELINE_S) / 15) * 15; at <= timeNow(); at += 15) {
    if (at < 0 || !timeline.points.length) continue;
    const told = clock(at);
    const x = Math.min(xOf(at, width), width - pen.measureText(told).width);
    pen.fillText(told, x, LABEL_HEIGHT + WEIGHT_HEIGHT + AXIS_HEIGHT / 2);
  }
}

function tellPoint(point) {
  timeline.chosen = point;
  if (!point) return;
  const told = Object.values(point.weights).map(({ name, text, filled }) => `${name} ${text}${filled ? " (absent, filled in)" : ""}`);
  const weights = point.kind === "nothing" ? "" : `. Weights: ${told.join(", ")}`;
  setText(part("timeline_told"), `${clock(point.at)}: ${[point.headline, point.share].filter(Boolean).join(" ")}${weights}.`);
  paintTimeline();
}

part("timeline").addEventListener("pointermove", (event) => {
  const canvas = part("timeline");
  const at = timeNow() - TIMELINE_S * (1 - event.offsetX / canvas.clientWidth);
  tellPoint(timeline.points.findLast((point) => point.at <= at) ?? timeline.points[0] ?? null);
});
part("timeline").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !timeline.points.length) return;
  event.preventDefault();
  const from = timeline.chosen ? timeline.points.indexOf(timeline.chosen) : timeline.points.length;
  tellPoint(timeline.points[Math.max(0, Math.min(timeline.points.length - 1, from + step))]);
});
