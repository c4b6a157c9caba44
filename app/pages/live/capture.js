// Camera and microphone of this browser. One permission prompt; pictures as small JPEGs; sound as mono 16 kHz, none of it lost
// while it waits to be sent (up to a bound).

const SAMPLE_RATE = 16000;
const KEEP_SECONDS = 10;
const LONG_SIDE = 320;
const JPEG_QUALITY = 0.75;

const DEVICE_ERRORS = {
  NotAllowedError: "Camera and microphone were not allowed. Allow them for this page in the browser's address bar, then press Start.",
  SecurityError: "This browser does not allow camera and microphone on this page. Check its settings, then press Start.",
  NotFoundError: "No camera and no microphone were found. Connect one and press Start, or use the Clip page.",
  NotReadableError: "The camera or the microphone is in use by another program. Close that program, then press Start.",
  AbortError: "The camera or the microphone could not be started. Reconnect it, then press Start.",
  OverconstrainedError: "This camera or microphone cannot do what the page asks for. Try another one, then press Start.",
};
const INSECURE =
  "Browsers give camera and microphone only to secure pages. Open this page by https, or on the computer itself at http://localhost.";

function deviceMessage(error) {
  return DEVICE_ERRORS[error.name] || `Camera and microphone could not be started (${error.name}: ${error.message}).`;
}

// Windowed-sinc resampling to 16 kHz, across the borders of blocks.
class Resampler {
  constructor(rate) {
    this.step = rate / SAMPLE_RATE;
    this.half = Math.ceil(12 * Math.max(1, this.step));
    this.input = new Float32Array(2 * this.half);
    this.position = this.half;
    this.kernels = new Map();
  }

  kernel(phase) {
    const key = Math.round(phase * 512);
    if (!this.kernels.has(key)) {
      const cutoff = 0.94 / Math.max(1, this.step);
      const taps = Float32Array.from({ length: 2 * this.half }, (_, i) => {
        const x = i - this.half + 1 - key / 512;
        const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
        return cutoff * sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / (this.half + 1)));
      });
      this.kernels.set(key, taps);
    }
    return this.kernels.get(key);
  }

  push(block) {
    const input = new Float32Array(this.input.length + block.length);
    input.set(this.input);
    input.set(block, this.input.length);
    const output = [];
    for (; this.position + this.half < input.length; this.position += this.step) {
      const whole = Math.floor(this.position);
      const taps = this.kernel(this.position - whole);
      let sum = 0;
      for (let i = 0, j = whole - this.half + 1; i < taps.length; i++, j++) sum += taps[i] * input[j];
      output.push(sum);
    }
    const done = Math.floor(this.position) - this.half;
    this.input = input.slice(done);
    this.position -= done;
    return output;
  }
}

// Blocks of 128 samples are gathered first: hundreds of messages a second would keep the page busy.
const WORKLET = `registerProcessor("tap", class extends AudioWorkletProcessor {
  constructor() { super(); this.block = new Float32Array(2048); this.filled = 0; }
  process([[channel]]) {
    if (!channel) return true;
    this.block.set(channel, this.filled);
    this.filled += channel.length;
    if (this.filled === this.block.length) { this.port.postMessage(this.block); this.filled = 0; }
    return true;
  }
});`;

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
  }

  get hasCamera() { return this.live("video"); }
  get hasMicrophone() { return this.live("audio"); }

  live(kind) {
    return Boolean(this.stream && this.stream.getTracks().some((track) => track.kind === kind && track.readyState === "live"));
  }

  // Opens what there is, and of the devices that are chosen by their id those that are there. Returns a sentence about what is missing, or "".
  async open({ camera, microphone } = {}) {
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) throw new Error(INSECURE);
    const wanted = {
      video: { width: { ideal: 640 }, height: { ideal: 480 }, ...(camera ? { deviceId: { ideal: camera } } : { facingMode: "user" }) },
      // What makes calls pleasant changes the voice; only the level is evened out.
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true, ...(microphone ? { deviceId: { ideal: microphone } } : {}) },
    };
    try {
      this.stream = await this.ask(wanted);
      const missing = [["camera", this.hasCamera], ["microphone", this.hasMicrophone]].filter(([, there]) => !there).map(([name]) => name);
      for (const track of this.stream.getTracks()) track.addEventListener("ended", () => this.lose(track.kind));
      if (this.hasCamera) {
        this.video.srcObject = this.stream;
        await this.video.play();
      }
      if (this.hasMicrophone) await this.tap();
      return missing.length ? `No ${missing[0]} was found. The page goes on without it.` : "";
    } catch (error) {
      this.close();
      throw new Error(deviceMessage(error));
    }
  }

  // The same session goes on with other devices; its sound is counted on.
  async reopen(chosen) {
    const heard = this.first + this.samples.length;
    this.close();
    this.first = heard;
    return this.open(chosen);
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

  async ask(wanted) {
    try {
      return await navigator.mediaDevices.getUserMedia(wanted);
    } catch (error) {
      if (error.name !== "NotFoundError") throw error;
      // One of the two is missing: go on with the other alone.
      const kinds = new Set((await navigator.mediaDevices.enumerateDevices()).map((device) => device.kind));
      const there = Object.entries(wanted).filter(([kind]) => kinds.has(`${kind}input`));
      if (there.length !== 1) throw error;
      return navigator.mediaDevices.getUserMedia(Object.fromEntries(there));
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
    const loudness = 10 * Math.log10(block.reduce((sum, x) => sum + x * x, 0) / block.length + 1e-9);
    // From -60 dB, a quiet room, to -10 dB, a voice close by; it falls slower than it rises.
    this.level = Math.max(Math.min(1, Math.max(0, (loudness + 60) / 50)), 0.85 * this.level);
    for (const sample of this.resampler.push(block)) this.samples.push(sample);
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
