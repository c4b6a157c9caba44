// Waiting for a place. The page keeps its place in line by asking, and starts by itself when it is its turn.

import { drawWaiting } from "./draw.js";
import { server } from "./page.js";
import { back, enter } from "./phases.js";
import { say, wait } from "./session.js";

const ASK_AGAIN_MS = 2000;
export let ticket = null;

const tellPlace = (before) => {
  const place = ["You are next: the page starts by itself.", "One person is before you; the page starts by itself."][before];
  const told = place ?? `${before} people are before you; the page starts by itself.`;
  return `All places are taken. ${told} Camera and microphone are off until then.`;
};

// Gives the server's answer once it is something else than a place in line; null if the visitor has left.
export async function waitInLine(answer) {
  enter("waiting");
  drawWaiting("In line for a place.");
  while (answer.ticket) {
    ticket = answer.ticket;
    say(tellPlace(answer.before));
    await wait(ASK_AGAIN_MS);
    if (!ticket) return null;
    const news = await server.open_session({ ticket }).catch(() => null);
    if (!ticket) {
      // A place came just as the visitor left: another may have it.
      if (news?.token) server.close_session({ token: news.token }).catch(() => {});
      return null;
    }
    if (!news) say("The connection is lost. Trying again…");
    else if (news.error !== "too_fast") answer = news;
  }
  ticket = null;
  return answer;
}

export function leaveLine() {
  server.close_session({ ticket }).catch(() => {});
  ticket = null;
  drawWaiting("Press Start, or play a sample.");
  back("You have left the line.");
}
