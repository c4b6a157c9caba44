// Camera and microphone of this browser. One permission prompt; pictures as small JPEGs; sound as mono 16 kHz, none of it lost
// while it waits to be sent (up to a bound).

import { Resampler, SAMPLE_RATE, WORKLET } from "./resample.js";

const KEEP_SECONDS = 10;
const LONG_SIDE = 320;
const JPEG_QUALITY = 0.75;

const NAMES = { video: "camera", audio: "microphone" };
// What is wrong with one device, and what to do about it.
const PROBLEMS = {
  NotAllowedError: ["was not allowed", "Allow it for this page in the browser's address bar."],
  SecurityError: ["was not allowed", "This browser does not allow it on this page: check its settings."],
  NotFoundError: ["was not found", "Connect one."],
  NotReadableError: ["is in use by another program", "Close that program."],
  AbortError: ["could not be started", "Reconnect it."],
  OverconstrainedError: ["cannot do what the page asks for", "Choose another one."],
};
const INSECURE = ["is not given to this page", "Browsers give it only to secure pages: open this page by https, or at http://localhost."];

const problemOf = (error) => PROBLEMS[error.name] ?? [`could not be started (${error.name}: ${error.message})`, ""];

// Which of these may be asked for once more, each by itself: all, unless the visitor has just said no to them.
async function askable(kinds, error) {
  if (error.name !== "NotAllowedError") return kinds;
  try {
    const states = await Promise.all(kinds.map((kind) => navigator.permissions.query({ name: NAMES[kind] })));
    return states.every(({ state }) => state === "prompt") ? [] : kinds.filter((_, i) => states[i].state !== "denied");
  } catch (unknown) {
    return [];
  }
}

export class Capture {
  constructor(video, onLost) {
    this.video = video;
    this.onLost = onLost;
    this.canvas = document.createElement("canvas");
    this.clear();
  }

  clear() {
    this.stream = this.context = null;
    this.samples = [];
    this.first = 0;
    this.level = 0;
    this.dropped = 0;
    this.paused = false;
    this.lost = {};
    this.missing = {}; // kind -> what is wrong with its device, and what to do
  }

  get hasCamera() { return this.live("video"); }
  get hasMicrophone() { return this.live("audio"); }

  live(kind) {
    return Boolean(this.stream && this.stream.getTracks().some((track) => track.kind === kind && track.readyState === "live"));
  }

  // Opens what there is of these kinds of device, and of those that are chosen by their id. Returns a sentence about what is missing, or "".
  async open(chosen = {}, kinds = ["video", "audio"]) {
    this.chosen = chosen;
    this.stream = new MediaStream();
    await this.add(kinds);
    return this.tellMissing();
  }

  async add(kinds) {
    for (const kind of kinds) {
      delete this.missing[kind];
      delete this.lost[kind];
    }
    const { camera, microphone } = this.chosen;
    const wanted = {
      video: { width: { ideal: 640 }, height: { ideal: 480 }, ...(camera ? { deviceId: { ideal: camera } } : { facingMode: "user" }) },
      // What makes calls pleasant changes the voice; only the level is evened out.
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true, ...(microphone ? { deviceId: { ideal: microphone } } : {}) },
    };
    for (const track of await this.ask(Object.fromEntries(kinds.map((kind) => [kind, wanted[kind]])))) {
      this.stream.addTrack(track);
      track.addEventListener("ended", () => this.lose(track.kind));
      try {
        await (track.kind === "video" ? this.show() : this.tap());
      } catch (error) {
        track.stop();
        this.missing[track.kind] = problemOf(error);
      }
    }
  }

  async show() {
    this.video.muted = true;
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  // "" or what is missing, in a sentence.
  tellMissing() {
    const found = Object.entries(this.missing).map(([kind, [what]]) => `the ${NAMES[kind]} ${what}`).join(", ");
    if (!found) return "";
    const rest = this.hasCamera || this.hasMicrophone ? "The session goes on without it." : "Typed words are still read.";
    return `${found[0].toUpperCase()}${found.slice(1)}. ${rest}`;
  }

  // The same session goes on with other devices; its sound is counted on.
  async reopen(chosen, kinds) {
    const heard = this.first + this.samples.length;
    this.close();
    this.first = heard;
    return this.open(chosen, kinds);
  }

  // Unplugged, or taken away in the browser's settings; the other device goes on.
  lose(kind) {
    this.lost[kind] = "disconnected";
    if (kind === "audio") this.level = 0;
    if (kind === "audio" && this.context) this.context.close(); // else it would go on and give silence
    this.onLost(kind);
  }

  // Releases the devices for now.
  pause() {
    const heard = this.first + this.samples.length;
    this.close();
    this.first = heard;
    this.paused = true;
  }

  // Why nothing comes from a device that was there, by its kind.
  gone() { return this.paused ? { audio: "paused", video: "paused" } : this.lost; }

  // The tracks of the devices that are given; what is wrong with one must not take the other.
  async ask(wanted) {
    const kinds = Object.keys(wanted);
    if (!kinds.length) return [];
    if (!navigator.mediaDevices?.getUserMedia) {
      for (const kind of kinds) this.missing[kind] = INSECURE;
      return [];
    }
    try {
      return (await navigator.mediaDevices.getUserMedia(wanted)).getTracks();
    } catch (error) {
      const again = kinds.length > 1 ? await askable(kinds, error) : [];
      const tracks = [];
      for (const kind of kinds) {
        if (again.includes(kind)) tracks.push(...(await this.ask({ [kind]: wanted[kind] })));
        else this.missing[kind] = problemOf(error);
      }
      return tracks;
    }
  }

  async tap() {
    this.context = new AudioContext();
    await this.context.resume();
    this.resampler = new Resampler(this.context.sampleRate);
    const source = this.context.createMediaStreamSource(this.stream);
    let node;
    if (this.context.audioWorklet) {
      const address = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
      await this.context.audioWorklet.addModule(address);
      URL.revokeObjectURL(address);
      node = new AudioWorkletNode(this.context, "tap");
      node.port.onmessage = ({ data }) => this.keep(data);
    } else {
      node = this.context.createScriptProcessor(2048, 1, 1);
      node.onaudioprocess = ({ inputBuffer }) => this.keep(inputBuffer.getChannelData(0));
    }
    source.connect(node);
    node.connect(this.context.destination); // it gives no sound, but browsers run only what leads somewhere
  }

  keep(block) {
    this.measure(block);
    this.queue(this.resampler.push(block));
  }

  measure(block) {
    const loudness = 10 * Math.log10(block.reduce((sum, x) => sum + x * x, 0) / block.length + 1e-9);
    // From -60 dB, a quiet room, to -10 dB, a voice close by; it falls slower than it rises.
    this.level = Math.max(Math.min(1, Math.max(0, (loudness + 60) / 50)), 0.85 * this.level);
  }

  // At 16 kHz.
  queue(samples) {
    for (const sample of samples) this.samples.push(sample);
    const excess = this.samples.length - KEEP_SECONDS * SAMPLE_RATE;
    if (excess > 0) {
      this.forget(excess);
      this.dropped += excess;
    }
  }

  // All sound that waits, as base64 of int16; it stays until it is forgotten.
  sound() {
    const pcm = Int16Array.from(this.samples, (x) => Math.max(-32768, Math.min(32767, Math.round(32767 * x))));
    const bytes = new Uint8Array(pcm.buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return { first: this.first, length: pcm.length, pcm: pcm.length ? btoa(text) : null };
  }

  // Seconds of sound that waited for too long to be sent, since this was asked before.
  tellDropped() {
    const seconds = this.dropped / SAMPLE_RATE;
    this.dropped = 0;
    return seconds;
  }

  forget(count) {
    this.samples.splice(0, count);
    this.first += count;
  }

  // The picture of now, as base64 JPEG; null without a camera.
  picture() {
    const { videoWidth, videoHeight } = this.video;
    if (!this.hasCamera || !videoWidth) return null;
    const scale = Math.min(1, LONG_SIDE / Math.max(videoWidth, videoHeight));
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return this.canvas.toDataURL("image/jpeg", JPEG_QUALITY).split(",")[1];
  }

  close() {
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    if (this.context && this.context.state !== "closed") this.context.close();
    this.video.srcObject = null;
    this.clear();
  }
}
