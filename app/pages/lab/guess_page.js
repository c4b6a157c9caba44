// What the scripts of the exhibit "Guess before the machine" work on: its element and the calls of the server.

export let root;
export let server;
export let stages; // name -> title, in their order
export let people; // stage -> share of CREMA-D's raters who were right

export function begin(element, calls) {
  root = element.querySelector("[data-guess]");
  server = calls;
  stages = JSON.parse(root.dataset.stages);
  people = JSON.parse(root.dataset.people);
}

export const part = (name) => root.querySelector(`[data-piece="${name}"]`);
export const say = (message) => { part("note").textContent = message; };
export const show = (...names) => {
  for (const name of ["start", "teacher", "play", "given", "labels", "reveal"]) part(name).hidden = !names.includes(name);
};

// What the server answers; an answer that does not come is an error, too.
export async function asked(call, given) {
  try {
    return await server[call](given);
  } catch (error) {
    return { error: "lost", message: "The server does not answer. Try again." };
  }
}

// The same, or null when what went wrong has been said.
export async function ask(call, given) {
  const answer = await asked(call, given);
  if (!answer.error) return answer;
  say(answer.message);
  return null;
}
