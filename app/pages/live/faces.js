// Two faces or more: each has a frame in the picture and a row with its own bars below. A press on either reads that face, and another
// press whoever speaks.

import { percent, place } from "./draw.js";
import { control } from "./live.js";
import { part, root, setData, setText } from "./page.js";

const SETTLING_MS = 1000; // until a name that was typed comes back
const shown = new Map(); // number -> what is drawn of the face
const labels = () => [...root.querySelectorAll("[data-part=reasons] .cp-bars > li")].map((row) => row.dataset.label);

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

function begin(number) {
  const name = make("input", { type: "text", maxLength: 24, autocomplete: "off", placeholder: `face ${number}`, ariaLabel: `Name of face ${number}` });
  const face = { name, until: 0, label: make("span", {}), told: make("strong", {}), state: make("span", { className: "cp-doing" }) };
  face.bars = Object.fromEntries(labels().map((label) => [label, make("i", {})]));
  const columns = Object.entries(face.bars).map(([label, bar]) => make("span", { title: label }, make("span", {}, bar), label.slice(0, 3)));
  face.frame = pressing(number, { className: "cp-other" }, face.label);
  face.card = pressing(number, { className: "cp-own" }, make("span", { className: "cp-says" }, face.told, face.state), make("span", { className: "cp-columns" }, ...columns));
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
  const state = [view.speaks && "speaks", view.chosen ? "chosen" : view.read && "read"].filter(Boolean).join(", ");
  const bars = Object.keys(face.bars).map((label) => (view.bars ? `${label} ${percent(view.bars[label])}` : "")).filter(Boolean);
  place(face.frame, view.box);
  setText(face.label, `${called} · ${view.told}`);
  setText(face.told, view.told);
  setText(face.state, state);
  for (const [label, bar] of Object.entries(face.bars)) {
    bar.style.height = `${(100 * (view.bars ? view.bars[label] : 0)).toFixed(1)}%`;
    setData(bar.parentNode.parentNode, "top", label === view.top);
  }
  const busy = document.activeElement === face.name || performance.now() < face.until;
  if (!busy && face.name.value !== view.name) face.name.value = view.name;
  for (const node of [face.frame, face.card]) {
    for (const what of ["read", "speaks"]) setData(node, what, view[what]);
    node.setAttribute("aria-pressed", view.chosen);
    node.setAttribute("aria-label", [`Read ${called}`, state, ...(node === face.card ? bars : [view.told])].filter(Boolean).join(", "));
  }
}

export function drawFaces(views) {
  part("people").hidden = !views.length;
  for (const [number, face] of shown) {
    if (views.some((view) => view.number === number)) continue;
    face.frame.remove();
    face.row.remove();
    shown.delete(number);
  }
  for (const view of views) drawFace(shown.get(view.number) ?? begin(view.number), view);
}
