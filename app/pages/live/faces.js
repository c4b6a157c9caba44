// Two faces or more: each has a frame in the picture and a row with its own bars below. A press on either reads that face, and another
// press whoever speaks.

import { setData, setText } from "../shared/dom.js";
import { percent } from "../shared/moment.js";
import { translated } from "../shared/translate.js";
import { part } from "./page.js";
import { control } from "./session.js";

const SETTLING_MS = 1000; // until a name that was typed comes back
const shown = new Map(); // number -> what is drawn of the face

export function place(node, box) {
  node.hidden = !box;
  if (!box) return;
  const [left, top, right, bottom] = box;
  Object.assign(node.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
  });
}

function make(tag, attributes, ...children) {
  const node = Object.assign(document.createElement(tag), attributes);
  node.append(...children);
  return node;
}

function pressing(number, attributes, ...children) {
  const button = make("button", { type: "button", ...attributes }, ...children);
  button.addEventListener("click", () => control({ face: button.getAttribute("aria-pressed") === "true" ? null : number }));
  return button;
}

function begin({ number, bars }) {
  const name = make("input", { type: "text", maxLength: 24, autocomplete: "off", placeholder: `face ${number}`, ariaLabel: `Name of face ${number}` });
  const face = { name, until: 0, called: make("span", {}), label: make("span", {}), told: make("strong", {}), state: make("span", { className: "cp-doing" }) };
  face.columns = Object.keys(bars).map((label) => {
    const column = { label, bar: make("i", {}), short: make("span", {}), share: make("span", { className: "cp-hidden" }) };
    setData(column.short, "words", "said");
    column.short.setAttribute("aria-hidden", true);
    column.node = make("span", { title: label }, make("span", {}, column.bar), column.short, column.share);
    return column;
  });
  const says = make("span", { className: "cp-says", id: `cp-says-${number}` }, face.told, face.state);
  const columns = make("span", { className: "cp-columns", id: `cp-columns-${number}` }, ...face.columns.map(({ node }) => node));
  face.frame = pressing(number, { className: "cp-other" }, make("span", {}, face.called, " · ", face.label));
  face.card = pressing(number, { className: "cp-person" }, says, columns);
  face.frame.setAttribute("aria-describedby", says.id);
  face.card.setAttribute("aria-describedby", `${says.id} ${columns.id}`);
  face.row = make("li", {}, name, face.card);
  name.addEventListener("change", () => {
    face.until = performance.now() + SETTLING_MS;
    control({ called: { face: number, name: name.value } });
  });
  name.addEventListener("keydown", (event) => { if (event.key === "Enter") name.blur(); });
  part("frames").append(face.frame);
  part("rows").append(face.row);
  shown.set(number, face);
  return face;
}

function drawFace(face, view) {
  const called = view.name || `face ${view.number}`;
  place(face.frame, view.box);
  setData(face.called, "words", view.name ? "said" : "none");
  setText(face.called, called);
  setText(face.label, view.told);
  setText(face.told, view.told);
  setText(face.state, [view.speaks && "speaks", view.chosen ? "chosen" : view.read && "read"].filter(Boolean).join(", "));
  for (const { label, node, bar, short, share } of face.columns) {
    const p = view.bars[label];
    bar.style.height = `${(100 * (p ?? 0)).toFixed(1)}%`;
    setText(short, translated(label).slice(0, 3));
    setText(share, p === null ? "" : `${label} ${percent(p)}`);
    setData(node, "top", label === view.top);
  }
  const busy = document.activeElement === face.name || performance.now() < face.until;
  if (!busy && face.name.value !== view.name) face.name.value = view.name;
  for (const node of [face.frame, face.card]) {
    for (const what of ["read", "speaks"]) setData(node, what, view[what]);
    node.setAttribute("aria-pressed", view.chosen);
    if (face.title !== called) node.setAttribute("aria-label", `Read ${called}`);
  }
  face.title = called;
}

export function drawFaces(views) {
  part("people").hidden = !views.length;
  for (const [number, face] of shown) {
    if (views.some((view) => view.number === number)) continue;
    face.frame.remove();
    face.row.remove();
    shown.delete(number);
  }
  for (const view of views) drawFace(shown.get(view.number) ?? begin(view), view);
}
