// Start, Stop, and between them the loop that exchanges media for views.

import { setData, setText } from "../shared/dom.js";
import { HIDDEN_TOO_LONG, forgetHidden, hiddenAt, hiddenTooLong, hide, showDevices } from "./away.js";
import { Capture } from "./capture.js";
import { listDevices, remembered } from "./devices.js";
import { draw, drawRecogniser, drawWaiting, latest } from "./draw.js";
import { waitInLine } from "./line.js";
import { LocalView } from "./local.js";
import { drawSent, endOutput } from "./output.js";
import { part, root, server } from "./page.js";
import { back, enter } from "./phases.js";
import { drawRecord, forget, keepFiles, unsaved } from "./record.js";
import { Sample } from "./sample.js";
import { control, local, say, sayBriefly, session, wait } from "./session.js";
import { offerLanguages, settings } from "./settings.js";
import { drawLesson, endLesson } from "./teach.js";
import { correct } from "./words.js";

const PERIOD_MS = 100;
const RETRY_MS = 1000;
const GIVE_UP_MS = 15000;
const ANSWER_MS = 5000; // a connection may also break without a word
const LEAVE_S = 3; // before the server ends a session, so that its record can still be fetched
const devices = local
  ? new LocalView(part("still"))
  : new Capture(part("video"), (kind) => {
      if (session.phase !== "running") return;
      say(`The ${kind === "video" ? "camera" : "microphone"} was disconnected. The session goes on without it, and takes it up again when it is back.`);
      showDevices();
    });
const sample = new Sample(part("video"), () => {});
session.capture = devices;

let announced = false;
let noticed = 0; // of the server's notices, how many have been said

let problems = "";

function showLocal(answer) {
  session.capture.show(answer.local, answer.view ? answer.view.speech : 0);
  showDevices();
  if (answer.local.problems !== problems) say(answer.local.problems);
  problems = answer.local.problems;
}

function announce(ending) {
  if (ending) say(`${ending.message} The session ends in ${ending.seconds} s.`);
  else if (announced) say("");
  announced = Boolean(ending);
}

// One exchange at a time: while an answer is late, sound waits and pictures are simply not taken.
async function run(mine) {
  let failingSince = null;
  let due = performance.now();
  while (session.token === mine) {
    if (hiddenTooLong()) return stop(HIDDEN_TOO_LONG);
    const captured = performance.now();
    const sound = session.capture.sound();
    let answer = null;
    try {
      const asked = { token: mine, jpeg: session.capture.picture(), captured, pcm: sound.pcm, first: sound.first, gone: session.capture.gone() };
      answer = await Promise.race([server.exchange(asked), wait(ANSWER_MS)]);
    } catch (error) {
      answer = null;
    }
    if (session.token !== mine) return;
    if (!answer) {
      failingSince ??= performance.now(); // not since the last answer: the computer may have slept
      if (performance.now() - failingSince > GIVE_UP_MS) return stop("The server does not answer. Press Start to try again.");
      say("The connection is lost. Trying again…");
      await wait(RETRY_MS);
      continue;
    }
    if (failingSince !== null) {
      const dropped = session.capture.tellDropped();
      sayBriefly(`The connection is back. ${dropped ? `${dropped.toFixed(1)} s of sound were lost.` : "Nothing that was said is lost."}`);
    }
    failingSince = null;
    if (answer.error === "too_fast") {
      await wait(RETRY_MS);
      continue;
    }
    if (answer.error) return stop(answer.message);
    session.capture.forget(Math.max(0, sound.first + sound.length - session.capture.first));
    drawRecogniser(answer.recogniser);
    if (answer.ending && answer.ending.seconds <= LEAVE_S) return stop(`${answer.ending.message} Press Start to begin a new one.`);
    if (answer.local) showLocal(answer);
    announce(answer.ending);
    drawSent(answer.sent);
    if (answer.notices.length > noticed) say(answer.notices.slice(noticed).join(" "));
    noticed = answer.notices.length;
    if (answer.view) {
      draw(answer.view);
      drawLesson(answer.view.lesson);
    }
    due = Math.max(due + PERIOD_MS, performance.now() - PERIOD_MS); // on time again after a late answer, with one in a hurry at most
    await wait(hiddenAt === null ? due - performance.now() : RETRY_MS);
  }
}

// What may be read: the visitor's devices, a sample clip, or nothing but typed words.
const WAYS = {
  devices: () => [devices, () => devices.open(remembered())],
  sample: () => [sample, () => sample.open()],
  typing: () => [devices, () => devices.open({}, [])],
};

// Returns a sentence about what is missing, or "".
async function openDevices(way) {
  enter("starting");
  const [chosen, open] = WAYS[way]();
  session.capture = chosen;
  setData(part("picture"), "sample", way === "sample");
  return open();
}

export async function start(way = "devices") {
  if ((way === "devices" && !part("consent").checked) || !["gate", "stopped"].includes(session.phase)) return;
  part("ask").hidden = !unsaved();
  part("ask").dataset.way = way;
  if (unsaved()) return part("ask_save").focus();
  say("");
  // Asked for before there is a place, because the visitor is here now to answer the browser; who must wait has them released.
  let missing = await openDevices(way);
  let answer;
  try {
    answer = await server.open_session({});
  } catch (error) {
    answer = { error: "failed", message: "The server does not answer. Press Start to try again." };
  }
  if (answer.ticket) {
    session.capture.close();
    answer = await waitInLine(answer);
    if (!answer) return;
    missing = answer.token ? await openDevices(way) : "";
  }
  if (answer.error) return back(answer.message);
  session.token = window.affectSession = answer.token; // the lab may ask for what was said
  forget();
  Object.assign(latest, { captured: null, toScreen: [], updates: [] });
  part("gate").hidden = true;
  if (root.getBoundingClientRect().top < 0) root.scrollIntoView(); // who read the terms is further down
  showDevices();
  drawWaiting("Looking and listening…");
  enter("running");
  say(missing);
  part("stop").focus({ preventScroll: true }); // Start, which had it, is gone
  if (document.hidden) hide();
  if (way === "devices" && !local) listDevices();
  await control(settings());
  run(session.token);
}

// Where a visitor goes on from who is not read: what they must open, agree to, or press.
function firstControl() {
  if (!part("gate").hidden && !part("own").open) return part("own").querySelector("summary");
  return part(part("start").disabled ? "consent" : "start");
}

// Ends the session here at once; the server's record is fetched first, unless it is not wanted or the page is about to go.
export async function stop(message = "", keep = true) {
  const ended = session.token;
  session.token = window.affectSession = null;
  announced = false;
  endOutput();
  forgetHidden();
  correct(null);
  session.capture.close();
  setData(part("picture"), "camera", false);
  const focused = document.activeElement === part("stop");
  enter("stopped");
  endLesson();
  if (focused) firstControl().focus({ preventScroll: true });
  say(message);
  if (!ended) return;
  if (keep) {
    const failure = await keepFiles(ended);
    if (failure) say(`${message} ${failure}`.trim());
    if (session.phase === "stopped") drawRecord(false);
  }
  server.close_session({ token: ended }).catch(() => {});
}

part("more").open = matchMedia("(min-width: 821px)").matches; // a phone shows the rest when it is asked for
if (local) {
  part("sample").hidden = true; // the server reads its own devices only
  part("video").hidden = true;
  setText(part("where"), `In the memory of this computer, from its own camera and microphone. ${root.dataset.kept}`);
} else if (!["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) {
  setText(part("where"), `In the memory of the server ${location.hostname}. ${root.dataset.kept}`);
}

(async function showRecogniser() {
  while (true) {
    if (!session.token) {
      const { recogniser, languages } = await server.recogniser_status({});
      if (recogniser) {
        drawRecogniser(recogniser);
        offerLanguages(languages);
        if (recogniser.state !== "loading") return;
      }
    }
    await wait(RETRY_MS);
  }
})().catch(() => {});
