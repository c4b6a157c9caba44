// What a strip along time is painted with: labels above, the weights of the senses stacked below, on a canvas.

import { translated } from "./translate.js";

const ORDER = ["video", "text", "audio"]; // from the bottom

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

// What is painted of the weights of a moment's senses, by modality.
export function weightsOf(modalities) {
  return Object.fromEntries(Object.entries(modalities).map(([m, one]) => [m, { share: one.weight, text: one.weight_text, filled: one.filled_in, name: one.name }]));
}

// A pen on the empty canvas, in pixels of the page; null while another tab is shown.
export function penFor(canvas, height) {
  const [width, scale] = [canvas.clientWidth, window.devicePixelRatio || 1];
  if (!width) return null;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `13px ${paletteOf(canvas)("font")}`;
  pen.textBaseline = "middle";
  return pen;
}

// The colours of the page as it is shown now, by name.
export function paletteOf(node) {
  const style = getComputedStyle(node);
  return (name) => style.getPropertyValue(`--cp-${name}`).trim();
}

export function paintWeights(pen, weights, colour, left, wide, bottom, height) {
  const colours = { audio: colour("voice"), text: colour("words"), video: colour("face") };
  let at = bottom;
  for (const modality of ORDER) {
    const { share, filled } = weights[modality];
    if (share === null) continue;
    const tall = share * height;
    pen.globalAlpha = filled ? 0.35 : 1;
    pen.fillStyle = colours[modality];
    pen.fillRect(left, at - tall, wide + 0.5, tall);
    pen.globalAlpha = 1;
    if (filled) hatch(pen, left, at - tall, wide, tall, colours[modality], bottom, height);
    at -= tall;
  }
}

function hatch(pen, left, top, wide, tall, paint, bottom, height) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, wide, tall);
  pen.clip();
  pen.strokeStyle = paint;
  pen.lineWidth = 1.5;
  // The lines go by the place on the canvas, so that they run on through neighbouring points.
  for (let x = Math.floor((left - height) / 6) * 6; x < left + wide; x += 6) {
    pen.beginPath();
    pen.moveTo(x, bottom);
    pen.lineTo(x + height, bottom - height);
    pen.stroke();
  }
  pen.restore();
}

// A label from `left` to `right`, as far as there is room for it.
export function paintLabel(pen, text, sure, colour, left, right, top, height) {
  pen.fillStyle = colour(sure ? "accent" : "track");
  pen.fillRect(left, top, Math.max(0, right - left - 1), height - 4);
  writeWithin(pen, text, colour(sure ? "accent-ink" : "ink"), left, right, top, height);
}

export function writeWithin(pen, english, paint, left, right, top, height) {
  const text = translated(english);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left - 2, height);
  pen.clip();
  pen.fillStyle = paint;
  if (pen.measureText(text).width + 8 < right - left) pen.fillText(text, left + 5, top + (height - 4) / 2);
  pen.restore();
}

// Neighbouring moments with the same headline, as one; `to` is null of the last.
export function runsOf(points) {
  const found = [];
  for (const { at, kind, headline } of points) {
    const last = found.at(-1);
    if (last && last.headline === headline && last.kind === kind) continue;
    if (last) last.to = at;
    found.push({ from: at, to: null, kind, headline });
  }
  return found;
}

export function paintUpright(pen, x, bottom, paint, dash) {
  pen.strokeStyle = paint;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x, 0);
  pen.lineTo(x, bottom);
  pen.stroke();
  pen.setLineDash([]);
}
