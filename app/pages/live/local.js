// The server reads its own camera and microphone; the page only shows what they give. It can do what Capture can, as far as that goes.

export class LocalView {
  constructor(image) {
    this.image = image;
    this.first = 0;
    this.clear();
  }

  clear() {
    this.hasCamera = this.hasMicrophone = false;
    this.level = 0;
    this.paused = false;
    this.missing = {}; // the server says what is wrong with its devices
  }

  async open() {
    this.image.hidden = false;
    return "";
  }

  reopen() {
    this.clear();
    return this.open();
  }

  // The server releases its devices when it is told.
  pause() {
    this.close();
    this.paused = true;
  }

  tellMissing() { return ""; }
  gone() { return this.paused ? { audio: "paused", video: "paused" } : {}; }
  tellDropped() { return 0; }
  sound() { return { first: 0, length: 0, pcm: null }; }
  picture() { return null; }
  forget() {}

  // What came with an answer: the newest picture, and which device is missing.
  show({ picture, microphone }, speech) {
    this.hasCamera = Boolean(picture);
    this.hasMicrophone = microphone;
    this.level = speech;
    if (picture) this.image.src = `data:image/jpeg;base64,${picture}`;
  }

  close() {
    this.image.removeAttribute("src");
    this.image.hidden = true;
    this.clear();
  }
}
