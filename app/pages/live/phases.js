// From one phase of the live page to the next: the gate, starting, waiting in line, running, stopped.

import { setData, setText } from "../shared/dom.js";
import { drawBoxes, drawWaiting, endHistory } from "./draw.js";
import { part, root } from "./page.js";
import { drawRecord } from "./record.js";
import { say, session } from "./session.js";

export function enter(next) {
  session.phase = next;
  setData(root, "phase", next);
  const busy = next === "running" || next === "starting" || next === "waiting";
  part("start").hidden = busy && next !== "starting";
  part("start").disabled = next === "starting" || !part("consent").checked;
  part("sample").disabled = part("typing").disabled = busy;
  // Who has not agreed yet, because a sample was read, is asked before the camera is.
  if (next === "stopped" && !part("consent").checked) part("gate").hidden = false;
  setText(part("start"), next === "starting" ? "Starting…" : "Start");
  part("stop").hidden = next !== "running" && next !== "waiting";
  setText(part("stop"), next === "waiting" ? "Leave the line" : "Stop");
  part("activity").hidden = next !== "running";
  part("hint").hidden = next === "running";
  drawRecord(next === "running");
  if (next === "stopped") {
    drawBoxes(null, []);
    endHistory();
    setText(part("nopicture"), "Stopped. Camera and microphone are released.");
    drawWaiting(part("consent").checked ? "Press Start." : "Play the sample, or use your camera.");
  }
}

// Where the visitor was before Start.
export function back(message) {
  session.capture.close();
  enter(part("gate").hidden ? "stopped" : "gate");
  say(message);
}
