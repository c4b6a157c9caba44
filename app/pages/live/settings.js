// What is read and how: switches, degradation, memory, model, language, smoothing. A change is told to the server while a session runs.

import { setText } from "../shared/dom.js";
import { part, root } from "./page.js";
import { control, local } from "./session.js";

const switches = () =>
  Object.fromEntries([...root.querySelectorAll("[data-switch]")].map((node) => [node.dataset.switch, node.getAttribute("aria-checked") === "true"]));

for (const node of root.querySelectorAll("[data-switch]")) {
  node.addEventListener("click", () => {
    node.setAttribute("aria-checked", node.getAttribute("aria-checked") !== "true");
    control({ switches: switches() });
  });
}
for (const node of root.querySelectorAll("[data-subset]")) {
  node.addEventListener("click", () => {
    for (const one of root.querySelectorAll("[data-switch]")) {
      one.setAttribute("aria-checked", node.dataset.subset.includes(one.dataset.switch[0].toUpperCase()));
    }
    control({ switches: switches() });
  });
}

const degraders = [...root.querySelectorAll("[data-degrade]")];
const amount = (node) => (node.type === "checkbox" ? node.checked : Number(node.value));
const degradation = () => Object.fromEntries(degraders.map((node) => [node.dataset.degrade, amount(node)]));
let degradeTimer = null;

// The picture is degraded here as the senses get it there; a slider that moves fast is told when it rests.
function degrade() {
  const { darkness, blur, cover } = degradation();
  const shown = local ? part("still") : part("video");
  shown.style.filter = darkness || blur ? `brightness(${1 - darkness}) blur(${(blur * shown.clientHeight) / 12}px)` : "";
  part("cover").style.height = `${100 * cover}%`;
  for (const node of degraders) if (node.type === "range") setText(node.previousElementSibling, node.value);
  clearTimeout(degradeTimer);
  degradeTimer = setTimeout(() => control({ degradation: degradation() }), 120);
}

for (const node of degraders) node.addEventListener("input", degrade);
part("undegrade").addEventListener("click", () => {
  for (const node of degraders) {
    if (node.type === "checkbox") node.checked = false;
    else node.value = node.dataset.rest;
  }
  degrade();
});

const memory = () => part("memory").checked;
part("memory").addEventListener("change", () => control({ memory: memory() }));
part("forget").addEventListener("click", () => control({ forget: true }));
part("model").addEventListener("change", () => control({ model: part("model").value }));
// A recogniser that is still loading understands none yet, and none may be asked of it.
const language = () => (part("language").disabled ? {} : { language: part("language").value });
export function offerLanguages(languages) {
  const names = Object.entries(languages);
  if (names.length < 2) return;
  part("language").replaceChildren(...names.map(([code, name]) => new Option(name[0].toUpperCase() + name.slice(1), code, code === "en", code === "en")));
  part("language").disabled = false;
  setText(part("language_told"), "The words sense reads English: the recogniser translates other languages into it.");
}

part("language").addEventListener("change", () => control(language()));
part("smoothing").addEventListener("input", () => {
  setText(part("smoothing_told"), `${Number(part("smoothing").value).toFixed(1)} s`);
});
part("smoothing").addEventListener("change", () => control({ smoothing: Number(part("smoothing").value) }));

// All of them, as a session begins with.
export const settings = () => ({
  switches: switches(),
  memory: memory(),
  model: part("model").value,
  degradation: degradation(),
  ...language(),
  smoothing: Number(part("smoothing").value),
});
