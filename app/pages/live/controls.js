// Consent, Start and Stop, and what becomes of a session that has ended.

import { drawWaiting } from "./draw.js";
import { leaveLine, ticket } from "./line.js";
import { start, stop } from "./live.js";
import { part, root } from "./page.js";
import { enter } from "./phases.js";
import { drawRecord, fetchFiles, forget, kept, offer, unsaved } from "./record.js";
import { say, session } from "./session.js";

part("consent").addEventListener("change", () => (ticket && !part("consent").checked ? leaveLine() : enter(session.phase)));
part("start").disabled = !part("consent").checked; // it may have been given before this script was there
part("start").addEventListener("click", () => start());
part("sample").addEventListener("click", () => start("sample"));
part("typing").addEventListener("click", () => start("typing"));
// A press before this script was there would be lost.
part("sample").disabled = part("typing").disabled = false;
part("ask_save").addEventListener("click", () => (kept ? offer("json", kept.json) : say("The session is still being fetched. Try again.")));
part("ask_anew").addEventListener("click", () => {
  forget();
  drawRecord(false);
  start(part("ask").dataset.way);
});
part("stop").addEventListener("click", () => (session.phase === "waiting" ? leaveLine() : stop()));
for (const node of root.querySelectorAll("[data-file]")) {
  node.addEventListener("click", async () => {
    const files = session.token ? await fetchFiles(session.token) : kept;
    if (files) for (const name of node.dataset.file.split(" ")) offer(name, files[name]);
    else say("The session could not be fetched. Try again.");
  });
}
part("delete").addEventListener("click", async () => {
  if (session.token) await stop("", false);
  forget();
  drawWaiting("Press Start, or play a sample.");
  part("ask").hidden = true;
  drawRecord(false);
  say("The session is deleted, here and on the server.");
});
// The browser asks before a session is lost by reload.
window.addEventListener("beforeunload", (event) => {
  if (session.token || unsaved()) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  if (session.token) stop("", false);
  if (ticket) leaveLine();
});
