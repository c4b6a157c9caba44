// The live page. Its elements exist from the start; this script changes only texts, widths and attributes, so nothing flickers.

const PERIOD_MS = 100;
const RETRY_MS = 1000;
const GIVE_UP_MS = 15000;
const SAY_EVERY_MS = 4000;
const STAGES = {
  decode: "picture decoding", face: "face", speech: "speech detection", voice: "voice",
  recogniser: "speech recognition", words: "words", fusion: "fusion",
};

const root = element.querySelector("[data-live]");
const part = (name, within = root) => within.querySelector(`[data-part="${name}"]`);
const capture = new Capture(part("video"), (kind) => {
  if (phase === "running") say(`The ${kind === "video" ? "camera" : "microphone"} was disconnected. Press Stop and Start to use it again.`);
});

let phase = "gate";
let token = null;
let shown = {}; // what the page shows per figure of the latency block
let spokenAt = 0;

const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const setWidth = (node, share) => { node.style.width = `${(100 * share).toFixed(1)}%`; };
const setData = (node, name, value) => { if (node.dataset[name] !== String(value)) node.dataset[name] = value; };
const percent = (p) => `${Math.round(100 * p)} %`;
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

function say(message) {
  setText(part("message"), message);
  part("message").hidden = !message;
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
  if (next === "stopped") {
    part("box").hidden = true;
    setText(part("nopicture"), "Stopped. Camera and microphone are released.");
    drawWaiting("Press Start to begin.");
  }
}

// --- drawing ----------------------------------------------------------------------------------------------------

function drawBars(list, bars, top) {
  for (const row of list.children) {
    const p = bars ? bars[row.dataset.label] : null;
    setWidth(row.querySelector("i"), p ?? 0);
    setText(row.querySelector(".cp-value"), p === null ? "–" : percent(p));
    setData(row, "top", row.dataset.label === top);
  }
}

function drawMoment(moment) {
  const fused = root.querySelector("[data-fused]");
  setData(fused, "kind", moment.kind);
  setText(part("headline"), moment.headline);
  setText(part("percent"), moment.percent);
  setText(part("basis"), moment.basis);
  drawBars(fused.querySelector(".cp-bars"), moment.bars, moment.top);
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
  const spoken = [moment.headline, moment.percent, moment.basis].join(" ");
  const now = performance.now();
  if (now - spokenAt > SAY_EVERY_MS && part("spoken_status").textContent !== spoken) {
    setText(part("spoken_status"), spoken);
    spokenAt = now;
  }
}

function drawWaiting(basis) {
  const fused = root.querySelector("[data-fused]");
  setData(fused, "kind", "waiting");
  setText(part("headline"), "waiting");
  setText(part("percent"), "");
  setText(part("basis"), basis);
  for (const list of root.querySelectorAll(".cp-bars")) drawBars(list, null, null);
  for (const card of root.querySelectorAll("[data-modality]")) {
    setData(card, "state", "waiting");
    setData(card, "filled", false);
    setText(part("state", card), "waiting");
    setText(part("prediction", card), "nothing to read");
    setWidth(part("weight", card), 0);
    setText(part("weight_text", card), "");
    setText(part("relied", card), "");
  }
  drawTranscript({ text: "", source: "", pending: false });
  drawHistory([]);
}

function drawTranscript({ text, source, pending }) {
  setText(part("transcript"), text || (pending ? "Recognising…" : "Nothing said right now."));
  setData(part("transcript"), "empty", !text);
  setText(part("source"), source === "typed" ? "(typed)" : pending && text ? "(recognising…)" : "");
}

function drawRecogniser({ state, name, note }) {
  setText(part("recogniser"), state === "ready" ? [`Speech recognition: ${name}.`, note].filter(Boolean).join(" ") : note);
}

function drawHistory(turns) {
  const list = part("history");
  part("nohistory").hidden = turns.length > 0;
  while (list.children.length > turns.length) list.lastChild.remove();
  while (list.children.length < turns.length) {
    const row = document.createElement("li");
    row.append(...["time", "said", "told"].map((name) => Object.assign(document.createElement("span"), { className: `cp-${name}` })));
    list.append(row);
  }
  turns.forEach((turn, i) => {
    const [time, said, told] = list.children[i].children;
    setText(time, turn.time);
    setText(said, turn.transcript);
    setText(told, turn.prediction);
  });
}

function drawBox(box) {
  const node = part("box");
  node.hidden = !box;
  if (!box) return;
  const [left, top, right, bottom] = box;
  Object.assign(node.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
  });
}

function drawFigure(name, label, value, digits = 0, unit = "ms") {
  if (!shown[name]) {
    const term = Object.assign(document.createElement("dt"), { textContent: label });
    shown[name] = document.createElement("dd");
    shown[name].dataset.figure = name;
    part("latency").append(term, shown[name]);
  }
  setText(shown[name], value === null || value === undefined ? "–" : `${value.toFixed(digits)}${unit ? ` ${unit}` : ""}`);
}

const latest = { captured: null, toScreen: [], updates: [] };

function drawLatency(view) {
  for (const [stage, label] of Object.entries(STAGES)) drawFigure(stage, label, view.stage_ms[stage], 1);
  drawFigure("median", "capture to screen, median", latest.toScreen.length ? quantile(latest.toScreen, 0.5) : null);
  drawFigure("p95", "capture to screen, 95 of 100", latest.toScreen.length ? quantile(latest.toScreen, 0.95) : null);
  const span = latest.updates.length > 1 ? (latest.updates.at(-1) - latest.updates[0]) / 1000 : 0;
  drawFigure("rate", "face updates per second", span ? (latest.updates.length - 1) / span : null, 1, "");
  drawFigure("dropped", "pictures replaced by newer ones", view.frames_dropped, 0, "");
  drawFigure("lost", "sound lost", view.audio_lost_s, 1, "s");
}

function draw(view) {
  drawMoment(view.moment);
  drawBox(capture.hasCamera ? view.box : null);
  drawTranscript(view.transcript);
  drawHistory(view.turns);
  setData(part("activity"), "speaking", view.speaking);
  setText(part("activity_text"), !capture.hasMicrophone ? "no microphone" : view.speaking ? "voice heard" : "listening");
  setWidth(part("level"), view.speech);
  if (view.captured !== null && view.captured !== latest.captured) {
    latest.captured = view.captured;
    // The browser paints what was set here at the end of the coming frame.
    requestAnimationFrame(() => {
      latest.toScreen = [...latest.toScreen.slice(-99), performance.now() - view.captured];
      latest.updates = [...latest.updates.slice(-99), performance.now()];
    });
  }
  drawLatency(view);
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
    if (answer.view) draw(answer.view);
    due = Math.max(due + PERIOD_MS, performance.now()); // on time again after a late answer, without a rush to catch up
    await wait(due - performance.now());
  }
}

async function start() {
  if (!part("consent").checked || phase === "running" || phase === "starting") return;
  enter("starting");
  say("");
  let missing;
  try {
    missing = await capture.open();
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
  Object.assign(latest, { captured: null, toScreen: [], updates: [] });
  part("gate").hidden = true;
  setText(part("nopicture"), capture.hasCamera ? "" : "No camera");
  setData(part("picture"), "camera", capture.hasCamera);
  drawWaiting("Looking and listening…");
  enter("running");
  say(missing);
  await control({ switches: switches() });
  run(token);
}

function stop(message = "") {
  const ended = token;
  token = null;
  capture.close();
  setData(part("picture"), "camera", false);
  enter("stopped");
  say(message);
  if (ended) server.close_visit({ token: ended }).catch(() => {});
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
part("type").addEventListener("submit", (event) => {
  event.preventDefault();
  if (phase !== "running") return say("Press Start first; typed words are read together with what the camera sees.");
  control({ typed: part("typed").value });
  part("typed").value = "";
});
window.addEventListener("pagehide", () => { if (token) stop(); });

if (!["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) {
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
