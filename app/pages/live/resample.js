// Sound of any rate -> blocks at 16 kHz.

export const SAMPLE_RATE = 16000;

// Windowed-sinc resampling to 16 kHz, across the borders of blocks.
export class Resampler {
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
export const WORKLET = `registerProcessor("tap", class extends AudioWorkletProcessor {
  constructor() { super(); this.block = new Float32Array(2048); this.filled = 0; }
  process([[channel]]) {
    if (!channel) return true;
    this.block.set(channel, this.filled);
    this.filled += channel.length;
    if (this.filled === this.block.length) { this.port.postMessage(this.block); this.filled = 0; }
    return true;
  }
});`;
