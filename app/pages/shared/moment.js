// Draws a moment into the markup of its headline, its bars and its three cards. Only texts, widths and attributes change.

import { part, setData, setText, setWidth } from "./dom.js";

export const percent = (p) => (p < 0.995 ? `${Math.round(100 * p)} %` : ">99 %");

// A model may have labels of its own: the rows are then made anew.
export function nameBars(list, labels) {
  if (labels.length === list.children.length && labels.every((label, i) => list.children[i].dataset.label === label)) return;
  const rows = labels.map((label) => {
    const row = list.firstElementChild.cloneNode(true);
    row.dataset.label = label;
    setText(row.querySelector(".cp-label"), label);
    return row;
  });
  list.replaceChildren(...rows);
}

export function drawBars(list, bars, top) {
  for (const row of list.children) {
    const p = bars ? bars[row.dataset.label] : null;
    setWidth(row.querySelector("i"), p ?? 0);
    setText(row.querySelector(".cp-value"), p === null ? "–" : percent(p));
    setData(row, "top", row.dataset.label === top);
  }
}

export function drawMoment(root, moment) {
  setData(root.querySelector("[data-fused]"), "kind", moment.kind);
  for (const name of ["headline", "percent", "basis", "why"]) setText(part(name, root), moment[name]);
  setText(part("of", root), ` · ${moment.of}`);
  part("new", root).hidden = !moment.new;
  setData(part("reasons", root), "kind", moment.kind);
  drawBars(part("reasons", root).querySelector(".cp-bars"), moment.bars, moment.top);
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
}
