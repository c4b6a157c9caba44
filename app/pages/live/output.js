// Live output: who may follow the session, and to where it is being sent.

import { setText } from "../shared/dom.js";
import { part, server } from "./page.js";
import { say, session } from "./session.js";

let key = null;

function drawKey() {
  part("output").checked = key !== null;
  part("output_address").hidden = key === null;
  const address = `${location.origin}${location.pathname.replace(/\/*$/, "")}/stream?key=${key}`;
  part("output_url").value = key === null ? "" : address;
}

// The list that came with an answer; in sight for as long as anything is sent.
export function drawSent(sent) {
  part("sending").hidden = sent.length === 0;
  setText(part("sending"), sent.length ? `This session is being sent to ${sent.join(", ")}.` : "");
}

// The session has ended: its key opens nothing any more.
export function endOutput() {
  key = null;
  drawKey();
  drawSent([]);
}

part("output").addEventListener("change", async () => {
  const on = part("output").checked;
  if (on && !session.token) {
    say("Press Start first; then programs can follow the session.");
    return drawKey();
  }
  if (!session.token) return drawKey();
  const mine = session.token;
  let answer;
  try {
    answer = await server.give_out({ token: mine, on });
  } catch (error) {
    answer = { error: "failed", message: "The connection is lost. Try again." };
  }
  if (session.token !== mine) return;
  if (answer.error) say(answer.message);
  else key = answer.key;
  drawKey();
});
part("output_url").addEventListener("focus", () => part("output_url").select());
