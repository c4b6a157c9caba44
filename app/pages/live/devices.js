// Which camera and microphone, the mirror, and the smoothing. Choices are remembered in this browser only.

import { reopen } from "./away.js";
import { control, phase } from "./live.js";
import { part, root, setData, setText } from "./page.js";

const REMEMBERED = "affect-devices";
const DEVICES = { camera: "videoinput", microphone: "audioinput" };

// What was chosen before, in this browser; it may refuse to remember anything.
export function remembered() {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
  } catch (error) {
    return {};
  }
}

function remember(change) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify({ ...remembered(), ...change }));
  } catch (error) {
    // It is chosen for this session, then.
  }
}

// Browsers name the devices only when one of them was allowed.
export async function listDevices() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []; // an insecure page has none
  for (const [what, kind] of Object.entries(DEVICES)) {
    const select = root.querySelector(`[data-device="${what}"]`);
    const found = devices.filter((device) => device.kind === kind && device.deviceId);
    const options = found.map((device, i) => new Option(device.label || `${what} ${i + 1}`, device.deviceId));
    select.replaceChildren(select.options[0], ...options);
    const chosen = remembered()[what] ?? "";
    select.value = found.some((device) => device.deviceId === chosen) ? chosen : "";
    select.disabled = false;
  }
}

for (const select of root.querySelectorAll("[data-device]")) {
  select.addEventListener("change", () => {
    remember({ [select.dataset.device]: select.value });
    if (phase === "running") reopen();
  });
}

function mirror(on) {
  setData(part("picture"), "mirrored", on);
  part("mirror").checked = on;
}

part("mirror").addEventListener("change", () => {
  mirror(part("mirror").checked);
  remember({ mirror: part("mirror").checked });
});
mirror(remembered().mirror ?? true);
part("smoothing").addEventListener("input", () => {
  setText(part("smoothing_told"), `${Number(part("smoothing").value).toFixed(1)} s`);
});
part("smoothing").addEventListener("change", () => control({ smoothing: Number(part("smoothing").value) }));
