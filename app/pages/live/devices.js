// Which camera and microphone, and the mirror. Choices are remembered in this browser only.

import { setData } from "../shared/dom.js";
import { part, root } from "./page.js";

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

export function remember(change) {
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

function mirror(on) {
  setData(part("picture"), "mirrored", on);
  part("mirror").checked = on;
}

part("mirror").addEventListener("change", () => {
  mirror(part("mirror").checked);
  remember({ mirror: part("mirror").checked });
});
mirror(remembered().mirror ?? true);
