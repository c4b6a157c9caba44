// @vladmandic/face-api in Node, with TensorFlow.js on WebAssembly: node face_api.cjs FOLDER tiny|ssd
// FOLDER holds node_modules. Lines of JSON as in serving.py.
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { createRequire } = require("module");

const [folder, detector] = process.argv.slice(2);
const from = createRequire(path.resolve(folder, "package.json"));
const tf = from("@tensorflow/tfjs");
const wasm = from("@tensorflow/tfjs-backend-wasm");
const jpeg = from("jpeg-js");
const faceapi = from("@vladmandic/face-api/dist/face-api.node-wasm.js");

const DETECTORS = {
  tiny: { net: "tinyFaceDetector", options: () => new faceapi.TinyFaceDetectorOptions() },
  ssd: { net: "ssdMobilenetv1", options: () => new faceapi.SsdMobilenetv1Options() },
};

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function look(picture, options) {
  const pixels = tf.tensor3d(picture.data, [picture.height, picture.width, 3], "int32");
  const face = await faceapi.detectSingleFace(pixels, options).withFaceLandmarks().withFaceExpressions();
  tf.dispose(pixels);
  return face ? { found: true, label: face.expressions.asSortedArray()[0].expression } : { found: false, label: null };
}

async function main() {
  const { net, options } = DETECTORS[detector];
  wasm.setWasmPaths(path.join(path.dirname(from.resolve("@tensorflow/tfjs-backend-wasm")), path.sep));
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  const models = path.join(path.dirname(from.resolve("@vladmandic/face-api/package.json")), "model");
  for (const name of [net, "faceLandmark68Net", "faceExpressionNet"]) await faceapi.nets[name].loadFromDisk(models);
  say({ versions: { "face-api": faceapi.version, tfjs: tf.version_core, backend: tf.getBackend(), node: process.versions.node } });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const picture = jpeg.decode(fs.readFileSync(JSON.parse(line).picture), { useTArray: true, formatAsRGBA: false });
    const wall = performance.now();
    const before = process.cpuUsage();
    const answer = await look(picture, options());
    const spent = process.cpuUsage(before);
    say({ ...answer, wall_ms: performance.now() - wall, cpu_ms: (spent.user + spent.system) / 1000 });
  }
}

main();
