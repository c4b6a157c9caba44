// A sample clip in place of camera and microphone: its picture plays on the page, its sound is read in step with it.

import { Capture } from "./capture.js";
import { SAMPLE_RATE } from "./resample.js";

const CLIP = "samples/conflict.mp4";

export class Sample extends Capture {
  get hasCamera() { return Boolean(this.sounds) && !this.video.paused; }
  get hasMicrophone() { return this.hasCamera; }

  async open() {
    const file = await fetch(CLIP);
    if (!file.ok) return this.fail();
    try {
      const decoded = await new OfflineAudioContext(1, 1, SAMPLE_RATE).decodeAudioData(await file.arrayBuffer());
      Object.assign(this.video, { src: CLIP, loop: true, muted: false });
      await this.video.play();
      this.sounds = decoded.getChannelData(0);
      this.read = 0;
      return "";
    } catch (error) {
      return this.fail();
    }
  }

  fail() {
    return "This browser cannot play the sample. Typed words are still read.";
  }

  sound() {
    if (this.hasCamera) this.follow();
    return super.sound();
  }

  // What was heard since the last time; at the end of the clip it begins again.
  follow() {
    const at = Math.min(this.sounds.length, Math.round(this.video.currentTime * SAMPLE_RATE));
    if (at < this.read) {
      this.queue(this.sounds.subarray(this.read));
      this.read = 0;
    }
    const heard = this.sounds.subarray(this.read, at);
    if (heard.length) this.measure(heard);
    this.queue(heard);
    this.read = at;
  }

  close() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.loop = false;
    this.sounds = null;
    super.close();
  }
}
