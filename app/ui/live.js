// The live page: consent, the loop that exchanges media for views, and what the visitor does.

const PERIOD_MS = 100;
const REMEMBERED = "affect-devices";
const RETRY_MS = 1000;
const GIVE_UP_MS = 15000;
const LEAVE_S = 3; // before the server ends a session, so that its record can still be fetched
const local = root.dataset.capture === "local";
const capture = local
  ? new LocalView(part("still"))
  : new Capture(part("video"), (kind) => {
      if (phase === "running") say(`The ${kind === "video" ? "camera" : "microphone"} was disconnected. Press Stop and Start to use it again.`);
    });

let phase = "gate";
let token = null;
let announced = false;
let correcting = null; // the number of the utterance whose words are being corrected

function say(message) {
  setText(part("message"), message);
  part("message").hidden = !message;
}

let problems = "";

function showLocal(answer) {
  capture.show(answer.local, answer.view ? answer.view.speech : 0);
  setData(part("picture"), "camera", capture.hasCamera);
  setText(part("nopicture"), capture.hasCamera ? "" : "No camera");
  if (answer.local.problems !== problems) say(answer.local.problems);
  problems = answer.local.problems;
}

function announce(ending) {
  if (ending) say(`${ending.message} The session ends in ${ending.seconds} s.`);
  else if (announced) say("");
  announced = Boolean(ending);
}

function enter(next) {
  phase = next;
  setData(root, "phase", next);
  const busy = next === "running" || next === "starting";
  part("start").hidden = busy && next !== "starting";
  part("start").disabled = next === "starting" || !part("consent").checked;
  setText(part("start"), next === "starting" ? "Starting…" : "Start");
  part("stop").hidden = next !== "running";
  part("activity").hidden = next !== "running";
  part("hint").hidden = next === "running";
  drawRecord(next === "running");
  if (next === "stopped") {
    drawBoxes(null, []);
    setText(part("nopicture"), "Stopped. Camera and microphone are released.");
    drawWaiting("Press Start to begin.");
  }
}

// --- the loop ---------------------------------------------------------------------------------------------------

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// One exchange at a time: while an answer is late, sound waits and pictures are simply not taken.
async function run(mine) {
  let answeredAt = performance.now();
  let due = performance.now();
  while (token === mine) {
    const captured = performance.now();
    const sound = capture.sound();
    let answer = null;
    try {
      answer = await server.exchange({ token: mine, jpeg: capture.picture(), captured, pcm: sound.pcm, first: sound.first });
    } catch (error) {
      answer = null;
    }
    if (token !== mine) return;
    if (!answer) {
      if (performance.now() - answeredAt > GIVE_UP_MS) return stop("The server does not answer. Press Start to try again.");
      say("The connection is lost. Trying again…");
      await wait(RETRY_MS);
      continue;
    }
    if (performance.now() - answeredAt > RETRY_MS) say("");
    answeredAt = performance.now();
    if (answer.error === "too_fast") {
      await wait(RETRY_MS);
      continue;
    }
    if (answer.error) return stop(answer.message);
    capture.forget(Math.max(0, sound.first + sound.length - capture.first));
    drawRecogniser(answer.recogniser);
    if (answer.ending && answer.ending.seconds <= LEAVE_S) return stop(`${answer.ending.message} Press Start to begin a new one.`);
    if (answer.local) showLocal(answer);
    announce(answer.ending);
    if (answer.view) draw(answer.view);
    due = Math.max(due + PERIOD_MS, performance.now() - PERIOD_MS); // on time again after a late answer, with one in a hurry at most
    await wait(due - performance.now());
  }
}

async function start() {
  if (!part("consent").checked || phase === "running" || phase === "starting") return;
  enter("starting");
  say("");
  let missing;
  try {
    missing = await capture.open(remembered());
  } catch (error) {
    enter(part("gate").hidden ? "stopped" : "gate");
    return say(error.message);
  }
  let answer;
  try {
    answer = await server.open_visit({});
  } catch (error) {
    answer = { error: "failed", message: "The server does not answer. Press Start to try again." };
  }
  if (answer.error) {
    capture.close();
    enter(part("gate").hidden ? "stopped" : "gate");
    return say(answer.message);
  }
  token = answer.token;
  kept = null;
  clearTimeline();
  Object.assign(latest, { captured: null, toScreen: [], updates: [] });
  part("gate").hidden = true;
  setText(part("nopicture"), capture.hasCamera ? "" : "No camera");
  setData(part("picture"), "camera", capture.hasCamera);
  drawWaiting("Looking and listening…");
  enter("running");
  say(missing);
  if (!local) listDevices();
  await control({ switches: switches(), model: part("model").value, spoiling: spoiling(), smoothing: Number(part("smoothing").value) });
  run(token);
}

// Ends the session here at once; the server's record is fetched first, unless it is not wanted or the page is about to go.
async function stop(message = "", keep = true) {
  const ended = token;
  token = null;
  announced = false;
  correct(null);
  capture.close();
  setData(part("picture"), "camera", false);
  enter("stopped");
  say(message);
  if (!ended) return;
  if (keep) {
    kept = await fetchFiles(ended);
    if (phase === "stopped") drawRecord(false);
  }
  server.close_visit({ token: ended }).catch(() => {});
}

async function control(change) {
  if (!token) return;
  try {
    const answer = await server.control({ token, ...change });
    if (answer.error === "ended") stop(answer.message);
    else if (answer.error) say(answer.message);
  } catch (error) {
    say("The connection is lost. Trying again…");
  }
}

const switches = () =>
  Object.fromEntries([...root.querySelectorAll("[data-switch]")].map((node) => [node.dataset.switch, node.getAttribute("aria-checked") === "true"]));

// --- what the visitor does ----------------------------------------------------------------------------------------

part("consent").addEventListener("change", () => enter(phase));
part("start").addEventListener("click", start);
part("stop").addEventListener("click", () => stop());
for (const node of root.querySelectorAll("[data-switch]")) {
  node.addEventListener("click", () => {
    node.setAttribute("aria-checked", node.getAttribute("aria-checked") !== "true");
    control({ switches: switches() });
  });
}
const spoilers = [...root.querySelectorAll("[data-spoil]")];
const amount = (node) => (node.type === "checkbox" ? node.checked : Number(node.value));
const spoiling = () => Object.fromEntries(spoilers.map((node) => [node.dataset.spoil, amount(node)]));
let spoilTimer = null;

// The picture is spoilt here as the senses get it there; a slider that moves fast is told when it rests.
function spoil() {
  const { darkness, blur, cover } = spoiling();
  const shown = local ? part("still") : part("video");
  shown.style.filter = darkness || blur ? `brightness(${1 - darkness}) blur(${(blur * shown.clientHeight) / 12}px)` : "";
  part("cover").style.height = `${100 * cover}%`;
  for (const node of spoilers) if (node.type === "range") setText(node.previousElementSibling, node.value);
  clearTimeout(spoilTimer);
  spoilTimer = setTimeout(() => control({ spoiling: spoiling() }), 120);
}

for (const node of spoilers) node.addEventListener("input", spoil);
part("unspoil").addEventListener("click", () => {
  for (const node of spoilers) {
    if (node.type === "checkbox") node.checked = false;
    else node.value = node.dataset.rest;
  }
  spoil();
});
part("model").addEventListener("change", () => control({ model: part("model").value }));
part("type").addEventListener("submit", (event) => {
  event.preventDefault();
  if (phase !== "running") return say("Press Start first; typed words are read together with what the camera sees.");
  const text = part("typed").value;
  control(correcting === null ? { typed: text } : { corrected: { turn: correcting, text } });
  correct(null);
});

// From now on the line for typed words takes the words of this utterance, or with null, of the present moment again.
function correct(turn) {
  correcting = turn ? turn.number : null;
  const told = turn ? `Correct what was said at ${turn.time}` : "Type words instead";
  part("typed").placeholder = told;
  part("typed").setAttribute("aria-label", told);
  part("typed").value = turn ? turn.words : "";
  part("leave").hidden = !turn;
  if (turn) part("typed").focus();
}

part("leave").addEventListener("click", () => correct(null));
part("typed").addEventListener("keydown", (event) => { if (event.key === "Escape") correct(null); });
part("history").addEventListener("click", (event) => {
  const turn = event.target.closest("button")?.turn;
  if (turn && phase === "running") correct(turn);
});
for (const node of root.querySelectorAll("[data-subset]")) {
  node.addEventListener("click", () => {
    for (const one of root.querySelectorAll("[data-switch]")) {
      one.setAttribute("aria-checked", node.dataset.subset.includes(one.dataset.switch[0].toUpperCase()));
    }
    control({ switches: switches() });
  });
}
for (const node of root.querySelectorAll(".cp-other")) {
  node.addEventListener("click", () => {
    const [left, top, right, bottom] = node.place;
    control({ face: [(left + right) / 2, (top + bottom) / 2] });
  });
}
part("notes").addEventListener("submit", (event) => {
  event.preventDefault();
  control({ note: part("note").value });
  part("note").value = "";
  timeline.marks.push(timeNow());
  paintTimeline();
});
for (const node of root.querySelectorAll("[data-file]")) {
  node.addEventListener("click", async () => {
    const files = token ? await fetchFiles(token) : kept;
    if (files) offer(node.dataset.file, files[node.dataset.file]);
    else say("The session could not be fetched. Try again.");
  });
}
part("delete").addEventListener("click", async () => {
  if (token) await stop("", false);
  kept = null;
  clearTimeline();
  drawWaiting("Press Start to begin.");
  drawRecord(false);
  say("The session is deleted, here and on the server.");
});
window.addEventListener("pagehide", () => { if (token) stop("", false); });

// --- devices and smoothing -----------------------------------------------------------------------------------------

const DEVICES = { camera: "videoinput", microphone: "audioinput" };

// What was chosen before, in this browser; it may refuse to remember anything.
function remembered() {
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
    // It is chosen for this visit, then.
  }
}

// Browsers name the devices only when one of them was allowed.
async function listDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();
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
  select.addEventListener("change", async () => {
    remember({ [select.dataset.device]: select.value });
    if (phase !== "running") return;
    try {
      say(await capture.reopen(remembered()));
      setData(part("picture"), "camera", capture.hasCamera);
    } catch (error) {
      stop(error.message);
    }
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
  control({ smoothing: Number(part("smoothing").value) });
});

if (local) {
  part("video").hidden = true;
  setText(part("where"), "In the memory of this computer, from its own camera and microphone. Nothing is written to disk or passed on.");
} else if (!["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) {
  setText(part("where"), `In the memory of the server ${location.hostname}. Nothing is written to disk or passed on.`);
}

(async function showRecogniser() {
  while (true) {
    if (!token) {
      const { recogniser } = await server.recogniser_status({});
      drawRecogniser(recogniser);
      if (recogniser.state !== "loading") return;
    }
    await wait(RETRY_MS);
  }
})().catch(() => {});
