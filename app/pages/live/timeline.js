// The last two minutes on one canvas: what it was taken for, and how the coordinator weighed the three. It is painted anew a few times
// a second; what a point in it says stands in words below.

import { translated } from "../shared/translate.js";
import { part, root, setText } from "./page.js";

const TIMELINE_S = 120;
const POINT_EVERY_S = 0.5;
const LABEL_HEIGHT = 24;
const WEIGHT_HEIGHT = 84;
const AXIS_HEIGHT = 20;
const ORDER = ["video", "text", "audio"]; // from the bottom

export const timeline = { points: [], marks: [], chosen: null };
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function addPoint(view) {
  const last = timeline.points.at(-1);
  if (last && view.at - last.at < POINT_EVERY_S) return;
  const { kind, headline, percent: share, modalities } = view.moment;
  const weights = Object.fromEntries(Object.entries(modalities).map(([m, one]) => [m, { share: one.weight, text: one.weight_text, filled: one.filled_in, name: one.name }]));
  timeline.points.push({ at: view.at, kind, headline, share, weights });
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
  const [width, height, scale] = [canvas.clientWidth, LABEL_HEIGHT + WEIGHT_HEIGHT + AXIS_HEIGHT, window.devicePixelRatio || 1];
  if (!width) return; // another tab is shown
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const style = getComputedStyle(root);
  const colour = (name) => style.getPropertyValue(`--cp-${name}`).trim();
  const colours = { audio: colour("voice"), text: colour("words"), video: colour("face") };
  pen.font = `13px ${colour("font")}`;
  pen.textBaseline = "middle";
  timeline.points.forEach((point, i) => {
    const left = xOf(point.at, width);
    const next = timeline.points[i + 1];
    const wide = (next ? xOf(next.at, width) : width) - left;
    let bottom = LABEL_HEIGHT + WEIGHT_HEIGHT;
    for (const modality of ORDER) {
      const { share, filled } = point.weights[modality];
      if (share === null) continue;
      const tall = share * WEIGHT_HEIGHT;
      pen.globalAlpha = filled ? 0.35 : 1;
      pen.fillStyle = colours[modality];
      pen.fillRect(left, bottom - tall, wide + 0.5, tall);
      pen.globalAlpha = 1;
      if (filled) hatch(pen, left, bottom - tall, wide, tall, colours[modality]);
      bottom -= tall;
    }
  });
  for (const run of runs()) {
    const [left, right] = [xOf(run.from, width), run.to === null ? width : xOf(run.to, width)];
    pen.fillStyle = run.kind === "sure" ? colour("accent") : colour("track");
    pen.fillRect(left, 0, Math.max(0, right - left - 1), LABEL_HEIGHT - 4);
    pen.save();
    pen.beginPath();
    pen.rect(left, 0, right - left - 2, LABEL_HEIGHT);
    pen.clip();
    pen.fillStyle = run.kind === "sure" ? colour("accent-ink") : colour("ink");
    if (pen.measureText(translated(run.headline)).width + 8 < right - left) pen.fillText(translated(run.headline), left + 5, (LABEL_HEIGHT - 4) / 2);
    pen.restore();
  }
  const upright = (at, paint, dash) => {
    pen.strokeStyle = paint;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(xOf(at, width), 0);
    pen.lineTo(xOf(at, width), LABEL_HEIGHT + WEIGHT_HEIGHT);
    pen.stroke();
    pen.setLineDash([]);
  };
  for (const at of timeline.marks) upright(at, colour("ink"), [5, 4]);
  if (timeline.chosen) upright(timeline.chosen.at, colour("ink"), []);
  pen.fillStyle = colour("muted");
  for (let at = Math.ceil((timeNow() - TIMELINE_S) / 15) * 15; at <= timeNow(); at += 15) {
    if (at < 0 || !timeline.points.length) continue;
    const told = clock(at);
    const x = Math.min(xOf(at, width), width - pen.measureText(told).width);
    pen.fillText(told, x, LABEL_HEIGHT + WEIGHT_HEIGHT + AXIS_HEIGHT / 2);
  }
}

function hatch(pen, left, top, wide, tall, paint) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, wide, tall);
  pen.clip();
  pen.strokeStyle = paint;
  pen.lineWidth = 1.5;
  // The lines go by the place on the canvas, so that they run on through neighbouring points.
  for (let x = Math.floor((left - WEIGHT_HEIGHT) / 6) * 6; x < left + wide; x += 6) {
    pen.beginPath();
    pen.moveTo(x, LABEL_HEIGHT + WEIGHT_HEIGHT);
    pen.lineTo(x + WEIGHT_HEIGHT, LABEL_HEIGHT);
    pen.stroke();
  }
  pen.restore();
}

// Neighbouring points with the same headline, as one.
function runs() {
  const found = [];
  for (const { at, kind, headline } of timeline.points) {
    const last = found.at(-1);
    if (last && last.headline === headline && last.kind === kind) continue;
    if (last) last.to = at;
    found.push({ from: at, to: null, kind, headline });
  }
  return found;
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
