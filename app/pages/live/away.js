// Devices that go and come while a session runs. A tab that nobody sees neither looks nor listens: its devices are released while it is
// hidden, and after some minutes the session ends.

import { setData, setText } from "../shared/dom.js";
import { listDevices, remember, remembered } from "./devices.js";
import { part, root } from "./page.js";
import { say, session } from "./session.js";

const HIDDEN_MS = 240000; // before the server ends a session in which nobody is seen, so that its record can still be fetched
export const HIDDEN_TOO_LONG = "The session ended, because its tab was hidden for minutes. Press Start to begin a new one.";
export let hiddenAt = null;

export const hiddenTooLong = () => hiddenAt !== null && performance.now() - hiddenAt > HIDDEN_MS;

// A session ends, hidden or not.
export function forgetHidden() {
  hiddenAt = null;
}

export function showDevices() {
  setData(part("picture"), "camera", session.capture.hasCamera);
  setText(part("nopicture"), hiddenAt !== null ? "Paused" : session.capture.hasCamera ? "" : "No camera");
  for (const kind of ["audio", "video"]) {
    const card = root.querySelector(`[data-modality="${kind}"]`);
    const [what, advice] = session.capture.missing[kind] ?? [];
    part("lack", card).hidden = !what;
    setText(part("lack_told", card), what ? `The ${kind === "video" ? "camera" : "microphone"} ${what}. ${advice}` : "");
  }
}

export function hide() {
  if (session.phase !== "running" || hiddenAt !== null) return;
  hiddenAt = performance.now();
  session.capture.pause();
  showDevices();
  say("Paused while this tab is hidden. Camera and microphone are released.");
}

// Opens the devices again; the session goes on with those that are there.
async function reopen() {
  const missing = await session.capture.reopen(remembered());
  // What was pressed or hidden meanwhile counts.
  if (session.phase !== "running") return session.capture.close();
  if (hiddenAt !== null) return session.capture.pause();
  say(missing);
  showDevices();
}

// Another one is chosen.
for (const select of root.querySelectorAll("[data-device]")) {
  select.addEventListener("change", () => {
    remember({ [select.dataset.device]: select.value });
    if (session.phase === "running") reopen();
  });
}

// One that was missing is asked for once more; the other goes on.
for (const button of root.querySelectorAll("[data-again]")) {
  button.addEventListener("click", async () => {
    await session.capture.add([button.dataset.again]);
    if (session.phase !== "running") return session.capture.close();
    say(session.capture.tellMissing());
    showDevices();
    listDevices();
  });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return hide();
  const paused = hiddenAt !== null && session.phase === "running" && !hiddenTooLong();
  hiddenAt = hiddenTooLong() ? hiddenAt : null; // the loop ends a session that was hidden for too long
  if (paused) reopen();
});

// One that was unplugged is back, or another one has come.
navigator.mediaDevices?.addEventListener("devicechange", async () => {
  const found = (await navigator.mediaDevices.enumerateDevices()).map(({ kind }) => kind);
  if (session.phase === "running" && hiddenAt === null && Object.keys(session.capture.gone()).some((kind) => found.includes(`${kind}input`))) reopen();
});
